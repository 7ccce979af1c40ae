"""How often people keep their numbers: tiled clips in which they hide, cross and take turns.

    python tests/benchmarks/people.py [PICTURE_OR_VIDEO…] [--scenes N]

People are the one of the demo clip and those of the files, every face of a picture; or, without
files, the demo clip's person and the same one mirrored and distorted. Of each scene the faces are
found once; who comes back is known by place within a second (before) and by place and look (after).
A split is a return under a new number, a wrong merge an appearance under somebody else's number.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ferapp.vision.reidentification import Look, measure_look
from ferapp.vision.tracking import Tracks
from trainer.faces.align import align_face
from trainer.faces.landmarker import DetectedFace, FaceLandmarker
from trainer.files import asset

Picture = NDArray[np.uint8]
Person = Callable[[int], Picture]  # frame of a scene → picture of SIDE px, the face in its middle

SIDE, PLACES = 320, 3
FACE = 0.55  # height of the face as a share of SIDE
RATE = 12
KINDS = ("hide", "cross", "replace")


@dataclass(frozen=True)
class Visit:
    """A person in a place, from and to a frame."""

    person: int
    place: int
    start: int
    stop: int


def portrait(image: Picture, face: DetectedFace) -> Picture:
    x, y, width, height = face.box
    scale = FACE * SIDE / height
    shift = SIDE / 2 - scale * np.array([x + width / 2, y + height / 2])
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    size = (2 * SIDE, 2 * SIDE)
    if scale < 1:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), 0.4 / scale), np.uint8)
    whole = cv2.warpAffine(image, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(whole[:SIDE, :SIDE], np.uint8)


def read_video(file: Path, landmarker: FaceLandmarker) -> Person:
    capture, pictures = cv2.VideoCapture(str(file)), list[Picture]()
    face = None
    step = max(1, round(capture.get(cv2.CAP_PROP_FPS) / RATE))
    while (read := capture.read())[0]:
        image = np.asarray(read[1], np.uint8)
        face = face or next(iter(landmarker(image[..., ::-1])), None)
        if face is not None:
            pictures.append(portrait(image, face))
    pictures = pictures[::step]
    back_and_forth = [*pictures, *pictures[-2:0:-1]]
    return lambda frame: back_and_forth[frame % len(back_and_forth)]


def moving(still: Picture, seed: int) -> Person:
    """A still that leans, nods and is lit from changing sides."""

    def at(frame: int) -> Picture:
        t = frame / RATE + 7 * seed
        matrix = cv2.getRotationMatrix2D(
            (SIDE / 2, SIDE / 2), 8 * np.sin(t), 1 + 0.08 * np.sin(t / 3)
        )
        matrix[:, 2] += 8 * np.sin(1.3 * t), 6 * np.cos(0.9 * t)
        turned = cv2.warpAffine(still, matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)
        light = 1 + 0.3 * np.sin(t / 2) * np.linspace(-1, 1, SIDE)[None, :, None]
        noise = np.random.default_rng(frame).normal(0, 2, turned.shape)
        return np.clip(turned * light + noise, 0, 255).astype(np.uint8)

    return at


def distorted(person: Person, eyes: float, jaw: float) -> Person:
    """The same face, wider at the eyes and at the jaw by these shares."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32) * 2 / SIDE - 1
    wider = eyes * np.exp(-(((y + 0.15) / 0.2) ** 2)) + jaw * np.exp(-(((y - 0.35) / 0.2) ** 2))
    from_x = (x / (1 + wider * np.exp(-((x / 0.8) ** 4))) + 1) * SIDE / 2
    from_y = (y + 1) * SIDE / 2
    maps = from_x.astype(np.float32), from_y.astype(np.float32)
    return lambda frame: np.asarray(cv2.remap(person(frame), *maps, cv2.INTER_LINEAR), np.uint8)


def read_people(files: list[Path]) -> list[Person]:
    people: list[Person] = []
    with FaceLandmarker(max_faces=8) as landmarker:
        demo = read_video(asset("demo/demo.mp4"), landmarker)
        people.append(demo)
        for file in files:
            image = cv2.imread(str(file))
            if image is None:
                people.append(read_video(file, landmarker))
                continue
            picture = np.asarray(image, np.uint8)
            for face in landmarker(picture[..., ::-1]):
                people.append(moving(portrait(picture, face), len(people)))
    if not files:
        people.append(lambda frame: np.ascontiguousarray(demo(frame + 70)[:, ::-1]))
        people.append(distorted(lambda frame: demo(frame + 140), -0.25, 0.1))
        people.append(distorted(lambda frame: demo(frame + 40), 0.1, 0.3))
    return people


def make_scene(kind: str, draw: np.random.Generator, count: int) -> list[Visit]:
    """About 20 s with two or three of `count` people."""
    who = draw.permutation(count)[: min(count, int(draw.integers(2, PLACES + 1)))].tolist()
    places = draw.permutation(PLACES).tolist()

    def seconds(low: float, high: float) -> int:
        return int(RATE * draw.uniform(low, high))

    visits: list[Visit] = []
    if kind == "replace":  # one after the other in one place
        frame = 0
        for person in [*who, *draw.permutation(who).tolist()]:
            stop = frame + seconds(3, 5)
            visits.append(Visit(person, places[0], frame, stop))
            frame = stop + seconds(0.3, 4)
        return visits
    for turn, person in enumerate(who):  # all together, then each hides in turn
        first = seconds(3, 4) + turn * seconds(2, 3)
        back = first + seconds(1.5, 5)
        place = places[turn]
        visits.append(Visit(person, place, 0, first))
        if kind == "cross":  # comes back in the place of the next one
            place = places[(turn + 1) % len(who)]
            back = RATE * 14
        visits.append(Visit(person, place, back, back + seconds(4, 6)))
    return visits


def render(visits: list[Visit], people: list[Person]) -> Iterator[Picture]:
    for frame in range(max(visit.stop for visit in visits)):
        canvas = np.full((SIDE, PLACES * SIDE, 3), 90, np.uint8)
        for visit in visits:
            if visit.start <= frame < visit.stop:
                left = visit.place * SIDE
                canvas[:, left : left + SIDE] = people[visit.person](frame)
        yield canvas


@dataclass
class Count:
    returns: int = 0
    splits: int = 0
    appearances: int = 0
    merges: int = 0
    passing: int = 0  # frames with a number other than most of that appearance
    ms: float = 0.0
    slowest_ms: float = 0.0
    frames: int = 0


def follow(
    visits: list[Visit], seen: list[tuple[Picture, list[DetectedFace]]], count: Count, looks: bool
) -> None:
    tracks = Tracks()
    ids: dict[Visit, list[int]] = {visit: [] for visit in visits}
    for frame, (picture, faces) in enumerate(seen):
        crops = [align_face(picture, face.landmarks).crop for face in faces]

        def look(
            index: int, crops: list[Picture] = crops, faces: list[DetectedFace] = faces
        ) -> Look | None:
            return measure_look(crops[index], faces[index].mesh, faces[index].pose)

        began = time.thread_time()
        options = (look,) if looks else ()
        keys = tracks.assign([face.box for face in faces], frame / RATE, *options)
        ms = 1000 * (time.thread_time() - began)
        count.ms += ms
        count.slowest_ms = max(count.slowest_ms, ms)
        count.frames += 1
        for key, face in zip(keys, faces, strict=True):
            place = int((face.box[0] + face.box[2] / 2) // SIDE)
            for visit in visits:
                if visit.place == place and visit.start <= frame < visit.stop:
                    ids[visit].append(key)
    judge(ids, count)


def judge(ids: dict[Visit, list[int]], count: Count) -> None:
    owners: dict[int, int] = {}  # number → person
    last: dict[int, int] = {}  # person → number
    for visit, keys in sorted(ids.items(), key=lambda item: item[0].start):
        if not keys:
            continue
        main = max(set(keys), key=keys.count)
        count.passing += sum(key != main for key in keys)
        count.appearances += 1
        count.merges += owners.setdefault(main, visit.person) != visit.person
        if visit.person in last:
            count.returns += 1
            count.splits += main != last[visit.person]
        last[visit.person] = main


def print_cost(person: Person) -> None:
    """CPU time of `Tracks.assign` at 30 fps, of a face once and several times beside itself."""
    seen: list[tuple[DetectedFace, Picture]] = []
    with FaceLandmarker(video=True, details=True) as landmarker:
        for frame in range(240):
            picture = person(frame)
            for face in landmarker(np.ascontiguousarray(picture[..., ::-1]), frame / 30):
                seen.append((face, align_face(picture, face.landmarks).crop))
    for count in (1, 4, 8):
        means = []
        for looks in (False, True):
            tracks, began = Tracks(), time.thread_time()
            for frame, (face, crop) in enumerate(seen):
                x, y, width, height = face.box
                boxes = [(x + 1000 * place, y, width, height) for place in range(count)]
                found = partial(measure_look, crop, face.mesh, face.pose)
                options = (lambda _, found=found: found(),) if looks else ()
                tracks.assign(boxes, frame / 30, *options)
            means.append(1000 * (time.thread_time() - began) / len(seen))
        print(f"{count} faces: {means[0]:.3f} ms a frame by place, {means[1]:.3f} with looks")


def main(files: list[Path], scenes: int) -> None:
    people = read_people(files)
    counts = {(kind, looks): Count() for kind in KINDS for looks in (False, True)}
    draw = np.random.default_rng(0)
    for number in range(scenes):
        for kind in KINDS:
            visits = make_scene(kind, draw, len(people))
            with FaceLandmarker(video=True, max_faces=4, details=True) as landmarker:
                seen = [
                    (picture, landmarker(np.ascontiguousarray(picture[..., ::-1]), frame / RATE))
                    for frame, picture in enumerate(render(visits, people))
                ]
            for looks in (False, True):
                follow(visits, seen, counts[kind, looks], looks)
        print(f"scene {number + 1} of {scenes}", file=sys.stderr)
    print(f"{len(people)} people, {scenes} scenes of each kind")
    print("| scene | | returns | splits | appearances | wrong merges | passing frames | ms | max |")
    print("|---|---|---|---|---|---|---|---|---|")
    for (kind, looks), c in counts.items():
        row = (kind, "after" if looks else "before", c.returns, c.splits, c.appearances, c.merges)
        times = f"{c.ms / max(1, c.frames):.3f} | {c.slowest_ms:.2f}"
        print(f"| {' | '.join(map(str, row))} | {c.passing} | {times} |")
    print_cost(people[0])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--scenes", type=int, default=4)
    arguments = parser.parse_args()
    main(arguments.files, arguments.scenes)
