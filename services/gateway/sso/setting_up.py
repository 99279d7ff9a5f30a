"""Puts the single sign-on together, from the settings."""

from hub.footing import Footing
from hub.kit.outside_http import client
from services.gateway.access.service import Desk
from services.gateway.access.spent import Spent
from services.gateway.employees.service import Employees
from services.gateway.parts import SignOn
from services.gateway.settings import Settings
from services.gateway.sso.flow import Flows
from services.gateway.sso.models import Mapped, pairs
from services.gateway.sso.provider import SECONDS, Provider
from services.gateway.sso.service import SingleSignOn
from services.gateway.sso.tokens import Keys, Tokens
from services.gateway.staff.service import Staff


def sign_on(
    footing: Footing, settings: Settings, employees: Employees, desk: Desk, spent: Spent, staff: Staff
) -> SignOn:
    """With a provider that is called when somebody logs in, not before."""
    clock, issuer, client_id = footing.clock, settings.oidc_issuer, settings.oidc_client_id
    provider = Provider(
        lambda: client(footing.outside, patience=SECONDS),
        clock,
        issuer=issuer,
        client_id=client_id,
        secret=settings.oidc_client_secret.get_secret_value(),
    )
    tokens = Tokens(Keys(provider.keys, clock), clock, issuer=issuer, client_id=client_id)
    service = SingleSignOn(
        provider,
        tokens,
        mapped(settings),
        employees,
        desk,
        spent,
        clock,
        link_by_login=settings.oidc_link_by_login,
        roles=lambda: [rules.name for rules in staff.roles],
    )
    scopes = " ".join(settings.oidc_scopes)
    return SignOn(provider=provider, flows=Flows(footing.secrets, clock), service=service, scopes=scopes)


def mapped(settings: Settings) -> Mapped:
    return Mapped(
        issuer=settings.oidc_issuer,
        roles=pairs(settings.oidc_roles),
        default_role=settings.oidc_default_role,
        role_claim=settings.oidc_role_claim,
        login_claim=settings.oidc_login_claim,
        factor_asked=settings.oidc_second_factor,
    )
