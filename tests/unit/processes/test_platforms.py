"""Which machines are refused."""

import pytest

from shared.processes.platforms import Platform, UnsupportedPlatformError, platform_check

SUPPORTED = [
    Platform("linux", "x86_64", "2.28"),
    Platform("linux", "aarch64", "2.39"),
    Platform("darwin", "arm64", "", "14.0"),
    Platform("darwin", "arm64", "", "15.1.2"),
]
REFUSED = [
    Platform("linux", "x86_64", "2.27"),
    Platform("linux", "x86_64", ""),
    Platform("linux", "riscv64", "2.39"),
    Platform("darwin", "arm64", "", "13.6"),
    Platform("darwin", "x86_64", "", "14.1"),
    Platform("win32", "AMD64", ""),
]


@pytest.mark.parametrize("machine", SUPPORTED, ids=str)
def test_a_supported_machine_passes(machine: Platform) -> None:
    platform_check(machine)


@pytest.mark.parametrize("machine", REFUSED, ids=str)
def test_any_other_machine_is_refused_with_the_sentence_and_its_own_name(
    machine: Platform,
) -> None:
    with pytest.raises(UnsupportedPlatformError, match=r"glibc 2\.28 or newer") as refusal:
        platform_check(machine)
    assert str(machine) in str(refusal.value)


def test_this_machine_is_supported() -> None:
    platform_check()
