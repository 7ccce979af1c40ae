"""Assembles the window. It is shown first; OpenCV, MediaPipe and torch load after it."""

import logging
import os
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import platformdirs
from PySide6.QtCore import QEvent, QTimer
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from ferapp.fault_log import faults_logged
from ferapp.live.app_log import AppLog
from ferapp.live.engine import Engine
from ferapp.live.status import LiveEngine
from ferapp.personal.take_session import FrameShot
from ferapp.review import opening
from ferapp.review.diagnosis import find_label_errors
from ferapp.review.retraining import RetrainingPlan, newest_retrained, retraining_verdict
from ferapp.review.sample_explainer import SampleExplainer
from ferapp.review.selection import ConfusionCell
from ferapp.runs.checks.data_check import check_data
from ferapp.runs.compare import compare_runs
from ferapp.runs.run_queue import read_queue
from ferapp.runs.study_sources import find_sources
from ferapp.studies.live_output.output_target import OutputTarget
from ferapp.ui.face_map.face_map_view import FaceMapView
from ferapp.ui.inspect.inspect_page import InspectPage
from ferapp.ui.inspect.inspect_tools import InspectTools
from ferapp.ui.label_doctor.doctor_view import DoctorTools, LabelDoctor
from ferapp.ui.shell.lazy_page import LazyPage
from ferapp.ui.shell.page import Links
from ferapp.ui.shell.quit_signals import quit_signals
from ferapp.ui.shell.settings import RECENT, Settings, SettingsStore
from ferapp.ui.shell.window import MainWindow
from ferapp.ui.studies.studies_page import StudiesPage, StudyTools
from ferapp.ui.teach.personal_data import ErasableLog, PersonalData
from ferapp.ui.teach.teach_window import TeachTools
from ferapp.ui.text.source_text import with_mode
from ferapp.ui.time_machine.epochs_view import EpochsView
from ferapp.ui.train.train_page import TrainPage, TrainTools
from ferapp.ui.train_queue.end_notice import EndNotice
from ferapp.ui.widgets.file_dialogs import last_folders
from ferapp.ui.widgets.text_size import apply_text_size
from ferapp.ui.widgets.theme import Mode, apply_theme
from trainer.errors import FerError
from trainer.files import asset
from trainer.model_index import bundled_models, find_model, read_card
from trainer.stop_signals import exit_code

CLOSE_S = 2.5  # for closing after a signal; the recording is complete before


def make_application(mode: Mode = "system", text_size: int = 100) -> QApplication:
    """The application in these colours; `text_size` is in percent of the system's."""
    # importing cv2 points these at its own Qt 5 plugins, which breaks ours
    for name in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):
        os.environ.pop(name, None)
    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    app.setApplicationName("ferapp")
    app.setDesktopFileName("ferapp")  # by it a Wayland desktop finds the icon
    app.setWindowIcon(QIcon(str(asset("icon/ferapp.png"))))
    apply_theme(app, mode)
    apply_text_size(app, text_size)
    return app


def make_window(
    engine: Engine, store: SettingsStore, read_log: Callable[[], str] = lambda: ""
) -> MainWindow:
    """The visible window; its engine starts as soon as the event loop runs."""
    last_folders.store_in(lambda: store.now.folders, lambda now: store.change(folders=now))
    window = MainWindow(engine, store, read_log)
    window.show()
    QTimer.singleShot(0, window, engine.start)
    return window


def add_pages(window: MainWindow, store: SettingsStore, run: str = "") -> None:
    """All pages but the live one; `run` is what Inspect opens first."""
    runs = Path("runs").absolute()
    epochs = EpochsView()
    inspect = InspectPage(
        InspectTools(
            open=lambda source, report: opening.open_evaluation(
                source, remembered_model(store.now), inspect.tasks.interruptible(report)
            ),
            explain=SampleExplainer().explain,
            open_split=lambda opened, split, report: opening.open_split(
                opened, split, inspect.tasks.interruptible(report)
            ),
            classify=lambda opened, model, report: opening.classify_with(
                opened, model, inspect.tasks.interruptible(report)
            ),
            models=tuple(bundled_models()),
            first=str(opening.example()),
            runs=runs,
        ),
        run,
        (
            make_label_doctor(runs, lambda plan, start_now: retrain(plan, start_now)),
            FaceMapView(),
            epochs,
        ),
    )

    def inspect_cells(source: str, cells: frozenset[ConfusionCell]) -> None:
        inspect.open(source, cells)
        inspect.show_samples()
        window.show_page("Inspect")

    def inspect_source(source: str) -> None:
        inspect.open(source)
        window.show_page("Inspect")

    def inspect_epochs(source: str) -> None:
        inspect_source(source)
        inspect.show_view(epochs)

    notice = EndNotice(window, store.now.notify_ends, lambda on: store.change(notify_ends=on))
    window.help.menu.insertAction(window.actions_by_id["fullscreen"], notice.action)

    def make_train_page() -> TrainPage:
        return TrainPage(
            TrainTools(
                check_data=check_data,
                verdict=retraining_verdict,
                compare=compare_runs,
                notify=notice.show,
                runs=runs,
                recent_data=lambda: store.now.recent_data,
                remember_data=remember_data,
            ),
            Links(
                window.load_model,
                window.compare_live,
                inspect_source,
                inspect_epochs,
                inspect_cells,
                window.live_page.live_view.toast.show_message,
            ),
        )

    def remember_data(path: str) -> None:
        others = [recent for recent in store.now.recent_data if recent != path]
        store.change(recent_data=(path, *others)[:RECENT])

    def retrain(plan: RetrainingPlan, start_now: bool) -> None:
        window.show_page("Train")
        assert isinstance(train.page, TrainPage)
        train.page.retrain(plan, start_now)

    def make_studies_page() -> StudiesPage:
        tools = StudyTools(
            find_sources=find_sources,
            open_table=window.open_source,
            models=tuple(bundled_models()),
            documents=Path(platformdirs.user_documents_dir()),
        )
        return StudiesPage(tools, store)

    train = LazyPage(make_train_page)
    window.add_page("Train", train, "Launch, watch and compare training runs.")
    if read_queue(runs).goes_on:  # the page works it off, seen or not
        QTimer.singleShot(0, train, lambda: train.page)
    window.add_page("Inspect", inspect, "See a model's mistakes up close.")
    studies = LazyPage(make_studies_page)
    window.add_page("Studies", studies, "Turn many videos into tables, a summary and a report.")


def make_label_doctor(runs: Path, retrain: Callable[[RetrainingPlan, bool], None]) -> LabelDoctor:
    tools = DoctorTools(
        find=find_label_errors,
        newest_retrained=lambda review, report: newest_retrained(runs, review, report),
        retrain=retrain,
        models=tuple(bundled_models()),
    )
    return LabelDoctor(tools)


def add_personal_data(window: MainWindow, engine: LiveEngine, log: AppLog) -> PersonalData:
    """Teaching the user's face, and deleting all data that the app stores."""

    def crop_pngs(shots: Sequence[FrameShot]) -> list[bytes]:
        from ferapp.personal.face_crops import face_crop_pngs  # loads OpenCV

        return face_crop_pngs(shots)

    def prepare(examples: Path, out: Path) -> None:
        from ferapp.personal.face_crops import prepare_examples

        prepare_examples(examples, out)

    tools = TeachTools(crop_pngs, prepare)
    return PersonalData(window, engine, tools, ErasableLog(log.file, log.delete))


def open_window(
    source: str | None,
    model: str | None,
    device: str | None,
    page: str = "live",
    run: str = "",
    warning: str = "",
    stage: bool = False,
    outputs: Sequence[OutputTarget] = (),
) -> int:
    """Run the app until its window closes; returns the exit code. None is what was used last.

    `warning` is of what was found before the start, for the log and a notice in the window.
    `outputs` are live outputs that begin at once.
    """
    log = AppLog()
    try:
        store = SettingsStore()
        app = make_application(store.now.theme, store.now.text_size)
        engine = Engine(
            source or remembered_camera(store.now),
            model or remembered_model(store.now),
            device or store.now.device,
            opened=store.now.recent_models,
        )
        window = make_window(engine, store, log.text)
        add_pages(window, store, run)
        add_personal_data(window, engine, log)
        window.show_page(page.title())
        for target in outputs:
            window.outputs.start(target)
        if stage:
            QTimer.singleShot(0, window.actions_by_id["stage"].trigger)
        if warning:
            logging.getLogger(__name__).warning("%s", warning)
            window.live_page.live_view.toast.show_message(warning)

        def quit_now() -> None:
            app.exit(exit_code())  # of dialogs' event loops too
            window.stimuli.stop("the app was ended")
            engine.finish_recording()
            end_process_after(CLOSE_S)
            window.close_at_once()

        with quit_signals(quit_now), faults_logged():
            code = app.exec()
            window.close()
        window.deleteLater()  # in order and now, not when the interpreter ends
        app.sendPostedEvents(window, QEvent.Type.DeferredDelete.value)
        return code
    finally:
        log.close()


def end_process_after(seconds: float) -> None:
    """End the process even if a driver hangs or a model is still being loaded by then."""
    timer = threading.Timer(seconds, lambda: os._exit(exit_code()))
    timer.daemon = True
    timer.start()


def remembered_camera(settings: Settings) -> str | None:
    """The camera chosen last, which the app waits for when it is missing; None is any camera."""
    return with_mode(settings.camera, settings.camera_mode) if settings.camera else None


def remembered_model(settings: Settings) -> str:
    """The model chosen last; the default when its file is missing or damaged by now."""
    try:
        read_card(find_model(settings.model))
    except FerError:
        return Settings().model
    return settings.model
