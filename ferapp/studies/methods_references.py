"""The references of a methods record, numbered in the order in which the text cites them."""

TEXTS = {
    "mediapipe": "Lugaresi, C., et al. (2019). MediaPipe: A framework for building perception "
    "pipelines. arXiv:1906.08172. https://doi.org/10.48550/arXiv.1906.08172",
    "facemesh": "Kartynnik, Y., Ablavatski, A., Grishchenko, I., & Grundmann, M. (2019). Real-time "
    "facial surface geometry from monocular video on mobile GPUs. arXiv:1907.06724. "
    "https://doi.org/10.48550/arXiv.1907.06724",
    "blazeface": "Bazarevsky, V., Kartynnik, Y., Vakunov, A., Raveendran, K., & Grundmann, M. "
    "(2019). BlazeFace: Sub-millisecond neural face detection on mobile GPUs. arXiv:1907.05047. "
    "https://doi.org/10.48550/arXiv.1907.05047",
    "fer2013": "Goodfellow, I. J., et al. (2013). Challenges in representation learning: A report "
    "on three machine learning contests. In Neural Information Processing (ICONIP 2013), LNCS "
    "8228, 117–124. https://doi.org/10.1007/978-3-642-42051-1_16",
    "ferplus": "Barsoum, E., Zhang, C., Canton Ferrer, C., & Zhang, Z. (2016). Training deep "
    "networks for facial expression recognition with crowd-sourced label distribution. In "
    "Proceedings of the 18th ACM International Conference on Multimodal Interaction, 279–283. "
    "https://doi.org/10.1145/2993148.2993165",
    "pal": "Bonnard, J., Dapogny, A., Dhombres, F., & Bailly, K. (2022). Privileged attribution "
    "constrained deep networks for facial expression recognition. arXiv:2203.12905. "
    "https://doi.org/10.48550/arXiv.2203.12905",
    "calibration": "Guo, C., Pleiss, G., Sun, Y., & Weinberger, K. Q. (2017). On calibration of "
    "modern neural networks. arXiv:1706.04599. https://doi.org/10.48550/arXiv.1706.04599",
    "prior": "Saerens, M., Latinne, P., & Decaestecker, C. (2002). Adjusting the outputs of a "
    "classifier to new a priori probabilities: A simple procedure. Neural Computation, 14(1), "
    "21–41. https://doi.org/10.1162/089976602753284446",
}


class References:
    """Call it to cite: `cite("mediapipe", "facemesh")` is "[1, 2]"."""

    def __init__(self) -> None:
        self._cited: list[str] = []

    def __call__(self, *names: str) -> str:
        self._cited += [name for name in names if name not in self._cited]
        return f"[{', '.join(str(self._cited.index(name) + 1) for name in names)}]"

    def text(self) -> str:
        """What was cited, as a numbered list."""
        return "\n".join(
            f"{number}. {TEXTS[name]}" for number, name in enumerate(self._cited, start=1)
        )
