"""The expressions in the languages of an audience, and the little else that it reads.

The words are adjectives of the face, as in "an angry face": they say what a face appears to show,
not what somebody feels. Japanese names expressions by nouns. A class that a language does not list
keeps its name.
"""

from dataclasses import dataclass

from ferapp.overlays.label_text import class_title

DEFAULT_LANGUAGE = "en"
_CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral", "contempt")


@dataclass(frozen=True, slots=True)
class Language:
    name: str  # in the language itself
    english_name: str
    words: dict[str, str]  # by class
    caption: str  # above the word: this is an apparent expression
    no_face: str
    wait: str  # while the model loads
    in_doubt: str = "{}?"  # a word that deserves little trust
    right_to_left: bool = False

    def word(self, class_name: str) -> str:
        return self.words.get(class_name, class_title(class_name))

    def doubted(self, word: str) -> str:
        return self.in_doubt.format(word)

    def text(self) -> str:
        """Everything that is written in this language on the stage, to look for its glyphs."""
        return "".join((*self.words.values(), self.caption, self.no_face, self.wait, self.in_doubt))


def _words(*words: str) -> dict[str, str]:
    return dict(zip(_CLASSES, words, strict=True))


LANGUAGES: dict[str, Language] = {
    "en": Language(
        "English",
        "English",
        _words(
            *("Angry", "Disgusted", "Afraid", "Happy"),
            *("Sad", "Surprised", "Neutral", "Contemptuous"),
        ),
        caption="Apparent expression",
        no_face="No face",
        wait="One moment…",
    ),
    "de": Language(
        "Deutsch",
        "German",
        _words(
            *("Wütend", "Angewidert", "Ängstlich", "Fröhlich"),
            *("Traurig", "Überrascht", "Neutral", "Verächtlich"),
        ),
        caption="Sichtbarer Ausdruck",
        no_face="Kein Gesicht",
        wait="Einen Moment…",
    ),
    "fr": Language(
        "Français",
        "French",
        _words(
            *("En colère", "Dégoûté", "Effrayé", "Joyeux"),
            *("Triste", "Surpris", "Neutre", "Méprisant"),
        ),
        caption="Expression apparente",
        no_face="Aucun visage",
        wait="Un instant…",
        in_doubt="{}\u202f?",
    ),
    "es": Language(
        "Español",
        "Spanish",
        _words(
            *("Enfadado", "Asqueado", "Asustado", "Alegre"),
            *("Triste", "Sorprendido", "Neutro", "Despectivo"),
        ),
        caption="Expresión aparente",
        no_face="Ningún rostro",
        wait="Un momento…",
        in_doubt="¿{}?",
    ),
    "it": Language(
        "Italiano",
        "Italian",
        _words(
            *("Arrabbiato", "Disgustato", "Spaventato", "Felice"),
            *("Triste", "Sorpreso", "Neutro", "Sprezzante"),
        ),
        caption="Espressione apparente",
        no_face="Nessun volto",
        wait="Un momento…",
    ),
    "pt": Language(
        "Português",
        "Portuguese",
        _words(
            *("Zangado", "Com nojo", "Assustado", "Feliz"),
            *("Triste", "Surpreso", "Neutro", "Desdenhoso"),
        ),
        caption="Expressão aparente",
        no_face="Nenhum rosto",
        wait="Um momento…",
    ),
    "nl": Language(
        "Nederlands",
        "Dutch",
        _words(
            *("Boos", "Vol walging", "Bang", "Blij"),
            *("Verdrietig", "Verrast", "Neutraal", "Minachtend"),
        ),
        caption="Zichtbare uitdrukking",
        no_face="Geen gezicht",
        wait="Een ogenblik…",
    ),
    "pl": Language(
        "Polski",
        "Polish",
        _words(
            *("Zły", "Pełen wstrętu", "Przestraszony", "Wesoły"),
            *("Smutny", "Zaskoczony", "Neutralny", "Pogardliwy"),
        ),
        caption="Widoczny wyraz twarzy",
        no_face="Brak twarzy",
        wait="Chwileczkę…",
    ),
    "cs": Language(
        "Čeština",
        "Czech",
        _words(
            *("Rozzlobený", "Znechucený", "Vyděšený", "Veselý"),
            *("Smutný", "Překvapený", "Neutrální", "Pohrdavý"),
        ),
        caption="Viditelný výraz",
        no_face="Žádný obličej",
        wait="Okamžik…",
    ),
    "tr": Language(
        "Türkçe",
        "Turkish",
        _words(
            *("Kızgın", "Tiksinmiş", "Korkmuş", "Mutlu"),
            *("Üzgün", "Şaşkın", "Nötr", "Küçümseyen"),
        ),
        caption="Görünen ifade",
        no_face="Yüz yok",
        wait="Bir saniye…",
    ),
    "ja": Language(
        "日本語",
        "Japanese",
        _words("怒り", "嫌悪", "恐れ", "喜び", "悲しみ", "驚き", "無表情", "軽蔑"),
        caption="見かけの表情",
        no_face="顔がありません",
        wait="お待ちください…",
        in_doubt="{}？",
    ),
    "zh": Language(
        "简体中文",
        "Chinese",
        _words("生气", "厌恶", "害怕", "高兴", "难过", "惊讶", "平静", "轻蔑"),
        caption="外显表情",
        no_face="没有人脸",
        wait="请稍候…",
        in_doubt="{}？",
    ),
    "ar": Language(
        "العربية",
        "Arabic",
        _words("غاضب", "مشمئز", "خائف", "سعيد", "حزين", "متفاجئ", "محايد", "مستهزئ"),
        caption="التعبير الظاهر",
        no_face="لا يوجد وجه",
        wait="لحظة من فضلك…",
        in_doubt="{}؟",
        right_to_left=True,
    ),
}
