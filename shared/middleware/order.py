"""The order of the middleware, as data with the reason beside each place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shared.binding import Binding
from shared.middleware.admission import Admission, Admits
from shared.middleware.authentication import TRUST_EVERYBODY, Authenticate, Authentication
from shared.middleware.authorisation import Authorisation
from shared.middleware.chain import Layer
from shared.middleware.deadline import Deadline
from shared.middleware.errors import Errors
from shared.middleware.logging import Logging
from shared.middleware.metrics import Meter, Metrics
from shared.middleware.shedding import Prioritise, Shedding, as_told
from shared.middleware.tracing import Span, Tracing
from shared.middleware.validation import Validation
from shared.overload.limiter import Limiter


@dataclass(frozen=True, slots=True)
class Hooks:
    """What differs from process to process; None leaves a layer out."""

    limiter: Limiter | None = None
    prioritise: Prioritise = as_told
    authenticate: Authenticate = TRUST_EVERYBODY
    needs: Mapping[str, str] = field(default_factory=dict)
    """Method to the scope that it needs; a caller that is held to scopes may call no other."""
    admits: Admits | None = None
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
        Layer(Authentication(hooks.authenticate), "who calls is known before what is asked counts"),
        Layer(Authorisation(hooks.needs), "who may not call learns nothing of whether we could"),
        hooks.admits
        and Layer(Admission(hooks.admits), "completes the request by what its caller's key says"),
        hooks.limiter
        and Layer(
            Shedding(hooks.limiter, hooks.prioritise, limits),
            "refuses before any work is spent, by who asks for what: nobody claims their share",
        ),
        Layer(Deadline(limits), "a request that is too late is not worth validating"),
        Layer(Validation(validators), "innermost: the servicer sees only well-formed requests"),
    )
    return tuple(layer for layer in ordered if layer)
