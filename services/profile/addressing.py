"""By which identity a person is written to."""

from __future__ import annotations

from collections.abc import Mapping

from touchpoint.common.v1.vocabulary_pb2 import Channel

ADDRESS_KINDS: Mapping[Channel.Value.ValueType, str] = {
    Channel.EMAIL: "email",
    Channel.SMS: "phone",
    # Devices and postal addresses are kept elsewhere, under the customer's own id.
    Channel.PUSH: "customer",
    Channel.DIRECT_MAIL: "customer",
}
"""The kind of identity, by channel."""
