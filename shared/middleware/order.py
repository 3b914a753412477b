"""The order of the middleware, as data with the reason beside each place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.binding import Binding
from shared.middleware.authentication import TRUST_EVERYBODY, Authenticate, Authentication
from shared.middleware.chain import Layer
from shared.middleware.deadline import Deadline
from shared.middleware.errors import Errors
from shared.middleware.logging import Logging
from shared.middleware.metrics import Meter, Metrics
from shared.middleware.shedding import Prioritise, Shedding, all_alike
from shared.middleware.tracing import Span, Tracing
from shared.middleware.validation import Validation
from shared.overload.limiter import Limiter


@dataclass(frozen=True, slots=True)
class Hooks:
    """What differs from process to process; None leaves a layer out."""

    limiter: Limiter | None = None
    prioritise: Prioritise = all_alike
    authenticate: Authenticate = TRUST_EVERYBODY
    meter: Meter | None = None
    span: Span | None = None


NO_HOOKS = Hooks()


def layers(bindings: Sequence[Binding], hooks: Hooks = NO_HOOKS) -> tuple[Layer, ...]:
    """Return the layers around the rpcs of some bindings, outermost first."""
    limits = {rpc.method: rpc.deadline for binding in bindings for rpc in binding.rpcs}
    validators = {kind: check for binding in bindings for kind, check in binding.validators.items()}
    ordered = (
        Layer(Errors(), "outermost: nothing raised further in may reach a caller as it is"),
        Layer(Logging(), "sees the outcome of everything within, refusals too"),
        hooks.span
        and Layer(Tracing(hooks.span), "its span covers refusals, and logs carry its id"),
        hooks.meter and Layer(Metrics(hooks.meter), "counts what is refused further in"),
        hooks.limiter
        and Layer(
            Shedding(hooks.limiter, hooks.prioritise, limits), "refuses before any work is spent"
        ),
        Layer(Authentication(hooks.authenticate), "who calls is known before what is asked counts"),
        Layer(Deadline(limits), "a request that is too late is not worth validating"),
        Layer(Validation(validators), "innermost: the servicer sees only well-formed requests"),
    )
    return tuple(layer for layer in ordered if layer)
