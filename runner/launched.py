"""Which programs, started by an experiment, may in turn start Python.

Only programs that are known to start none are trusted: what libraries ask about the machine (torch, triton, wandb and
the standard library do), compilers, version control, and tools that handle files. Of a shell, the commands of its line
are looked at. Everything else, make, a launcher or a script, may.
"""

from __future__ import annotations

import re
import shlex

_MACHINE = """
    arch date df dmesg dmidecode du free getconf hostname hostnamectl id ifconfig ip ldconfig ldd locale lsb_release
    lsblk lscpu lsmod lspci lsof mount nproc numastat nvidia-smi nvidia-debugdump pgrep ps rocm-smi
    rocm_agent_enumerator rocminfo amd-smi xpu-smi hl-smi npu-smi neuron-ls stty sw_vers sysctl system_profiler
    systemctl top tput tty uname uptime users vmstat whereis which whoami
"""
_COMPILERS = """
    ar as c++ c++filt cc cicc clang clang++ cuobjdump fatbinary g++ gcc ld ld.gold ld.lld llc nm nvcc nvdisasm
    nvlink objcopy objdump opt patchelf ptxas ptxas-blackwell ranlib readelf strip
"""
_FILES = """
    [ awk base64 basename bunzip2 bzip2 cat cd chmod chown clear cmp comm cp curl cut diff dirname echo egrep exit
    export expr false fgrep file grep gunzip gzip head hexdump join kill ln ls md5sum mkdir mktemp mv paste ping
    printenv printf pwd readlink realpath rm rmdir sed seq set sha1sum sha256sum sleep sort split stat sync tac tail
    tar tee test touch tr true ulimit umask uniq unset unxz unzip unzstd wait wc wget xz zcat zip zstd
"""
# pip is Python, but none that works for the experiment; bitsandbytes lists packages by it when it is imported.
_OTHERS = "git git-lfs hg svn wandb-core gpu_stats dot ffmpeg ffprobe sox pdflatex latex dvipng java pip pip3"
_KNOWN = frozenset(" ".join((_MACHINE, _COMPILERS, _FILES, _OTHERS)).split())
_VERSION = re.compile(r"-\d+(\.\d+)*$")
_TARGET = re.compile(r"^(x86_64|aarch64|i686|powerpc64le)-[a-z0-9_]+-[a-z0-9_]+(-gnu)?-")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")
_SEPARATORS = frozenset((";", "&", "&&", "|", "||", "(", ")", "{", "}", "!"))
_HIDES_COMMANDS = re.compile(r"`|\$\(|<\(|>\(|<<|\beval\b|\bexec\b")


def may_start_python(program: str, script: object) -> bool:
    """Whether a Python process may run behind `program`, a file's name.

    `script`: the text of its -c where it is a shell.
    """
    return not (_harmless(program) or (isinstance(script, str) and all(map(_harmless, _commands(script)))))


def _harmless(program: str) -> bool:
    """A compiler may be called by its target and version: x86_64-linux-gnu-gcc-12."""
    name = program.rpartition("/")[2]
    return name in _KNOWN or _VERSION.sub("", _TARGET.sub("", name)) in _KNOWN


def _commands(script: str) -> list[str]:
    """The commands of a shell's line; one that is no program's name where they cannot be told."""
    unknown = [""]
    if _HIDES_COMMANDS.search(script):
        return unknown
    lexer = shlex.shlex(script.replace("\n", " ; "), posix=True, punctuation_chars=True)
    lexer.whitespace_split, lexer.commenters = True, ""
    commands, begins, skip = [], True, False
    try:
        words = list(lexer)
    except ValueError:
        return unknown
    for word in words:
        if skip:
            skip = False
        elif word in _SEPARATORS:
            begins = True
        elif set(word) <= set("<>&|"):
            skip = True  # a file, or a descriptor, that is redirected to
        elif begins and not _ASSIGNMENT.match(word):
            commands.append(word)
            begins = False
    return commands or unknown
