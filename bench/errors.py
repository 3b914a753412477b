"""Why a figure could not be measured."""


class MeasurementError(Exception):
    """What was measured would mean nothing; the sentence says why. The suite's or the machine's."""
