"""Names, scripts and families of languages, to label and to sort by."""

from __future__ import annotations

import functools
from collections.abc import Iterable

from xlbench.core.languages import usual_script

FAMILIES = {
    "Afro-Asiatic": "acm acq aeb afb ajp amh apc ara arb arq ars ary arz ayl ber gaz hau heb kab mey mlt orm shi shu "
    "som syr taq tir tzm",
    "Albanian": "als aln sqi",
    "Armenian": "hye hyw",
    "Atlantic-Congo": "aka bbj bem cjk dyi ewe fon fub fuc fuf ful fuv ibo kam kbp kik kin kmb kon lin lua lug mos "
    "nde nso nya run sag sna sot ssw swa swc swh tsn tso tum twi umb ven wol xho yor zul",
    "Austroasiatic": "khm sat vie",
    "Austronesian": "ace ban bbc bjn bug ceb cha dtp fij fil haw hil ilo ind jav kzj mad mah mao max mlg min mri "
    "msa nij pag pam plt pmy rar smo sun tah tgl ton war zlm zsm",
    "Aymaran": "aym ayr",
    "Baltic": "lav lit ltg lvs sgs",
    "Celtic": "bre cor cym gla gle glv",
    "Constructed": "avk epo ido ile ina lfn nov tlh tzl vol",
    "Creole": "bis cbk hat kea mfe pap pcm tpi",
    "Dravidian": "kan mal tam tcy tel",
    "Germanic": "afr ang bar dan deu eng fao fry gos gsw isl lim ltz nds nld nno nob nor swe swg ydd yid",
    "Greek": "ell grc",
    "Indo-Aryan": "asm awa ben bho div doi gom guj hin hne kas kok mag mai mar nep npi ori ory pan pli pnb rom "
    "san sin skr snd syl urd",
    "Iranian": "bal ckb fas glk kmr kur mzn oss pbt pes prs pus sdh tgk zza",
    "Japonic": "jpn",
    "Kartvelian": "kat",
    "Koreanic": "kor",
    "Kra-Dai": "lao shn tha",
    "Language isolate": "eus",
    "Mande": "bam dyu men nqo vai",
    "Mongolic": "bxr khk mon",
    "Nilo-Saharan": "din dik dje kau knc luo nus",
    "Hmong-Mien": "hmn",
    "Quechuan": "que quy quz",
    "Romance": "arg ast cat egl fra fro fur glg ita lad lat lij lld lmo oci pms por roh ron scn spa srd vec wln",
    "Sino-Tibetan": "bod brx cmn dzo gan hak kac lus lzh mni mya nan wuu yue zho",
    "Slavic": "bel bos bul ces csb dsb hbs hrv hsb mkd orv pol rue rus slk slv srp szl ukr",
    "Tupian": "grn gug",
    "Turkic": "aze azb azj bak chv crh gag kaa kaz kir ota sah tat tuk tur tyv uig uzb uzn",
    "Uralic": "ekk est fin fkv hun izh koi krl liv mdf mhr myv sme udm vro",
}
"""Families, and branches of Indo-European, with the ISO 639-3 codes of languages that data sets have."""
OTHER = "Other"


@functools.cache
def _family_of() -> dict[str, str]:
    return {code: family for family, codes in FAMILIES.items() for code in codes.split()}


def family(code: str) -> str:
    """The family of a language, or its branch of Indo-European; `OTHER` where it is not among `FAMILIES`."""
    return _family_of().get(code.partition("_")[0], OTHER)


def script(code: str) -> str:
    """The script that a code names (``zho_Hans``), or that its language is mostly written in; "" if not known."""
    language, *more = code.split("_")
    return next((part for part in more if len(part) == 4), "") or usual_script(language)


def name(code: str) -> str:
    """A language's English name by Unicode's CLDR; the code where it has none there."""
    from babel.core import get_global

    language, *more = code.split("_")
    names = _names()
    short = get_global("language_aliases").get(language, language).partition("_")[0]
    found = names.get(language) or names.get(short) or language
    return " ".join([found, *(f"({part})" for part in more)])


@functools.cache
def _names() -> dict[str, str]:
    from babel import Locale

    return dict(Locale("en").languages)


def described(codes: Iterable[str]) -> dict[str, list[str]]:
    """Of every code its name, script and family, for the page's script."""
    return {code: [name(code), script(code), family(code)] for code in codes}
