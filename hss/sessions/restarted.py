"""Sessions whose NAS has begun anew: over although their rows do not say so yet, which whoever reads them adds.

What brings the rows to say so is `hss.sessions.nas_restarts`.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, func, select

from hss.models import AccessSession, NasRestart
from hss.session_api import NAS_RESTARTED

OF_ITS_NAS = (
    NasRestart.client == AccessSession.client,
    NasRestart.nas == AccessSession.nas,
    NasRestart.at >= AccessSession.updated,
)
"""A restart that a session did not outlive."""

RESTARTED_AT: ColumnElement[datetime] = (
    # the earliest one ended it
    select(func.min(NasRestart.at)).where(*OF_ITS_NAS).correlate(AccessSession).scalar_subquery()
)
"""When the NAS of an open access_session began anew, which ended it; NULL where it goes on."""
IS_RESTARTED = select(NasRestart.at).where(*OF_ITS_NAS).correlate(AccessSession).exists()
"""Whether that is so."""
ENDED = func.coalesce(AccessSession.ended, RESTARTED_AT)
"""As access_session.ended, with that."""
END_CAUSE = case((and_(AccessSession.ended.is_(None), IS_RESTARTED), NAS_RESTARTED), else_=AccessSession.end_cause)
"""As access_session.end_cause, with that."""
IS_OPEN = and_(AccessSession.ended.is_(None), ~IS_RESTARTED)
"""Whether a session goes on."""
