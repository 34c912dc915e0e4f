//! Sessions: open until they complete, are cancelled or expire.

use std::sync::Arc;

use crate::command::{Reply, Timer, TimerTask};
use crate::event::{EventData, EventKind};
use crate::id::{AccountId, SessionId};
use crate::session::{PackageVerdict, Session, SessionStatus, SessionTerms};

use super::{Fault, Oracle, names};

impl Oracle {
    /// A session of an account; another's is none.
    pub(super) fn session_of(&self, account: AccountId, id: SessionId) -> Option<&Session> {
        self.sessions.get(&id).filter(|session| session.account == account).map(Arc::as_ref)
    }

    /// Opens a session.
    pub(super) fn create_session(
        &mut self,
        account: AccountId,
        terms: &SessionTerms,
        found: &Reply,
    ) -> Result<Reply, Fault> {
        let id = names::session(found)?.id;
        self.hear(id.0)?;
        let session = Session {
            id,
            account,
            status: SessionStatus::Open { movement: None },
            terms: terms.clone(),
            created_at: self.now(),
            expires_at: self.now().plus(self.settings.session_life),
        };
        self.set_timer(Timer { due: session.expires_at, task: TimerTask::ExpireSession(id), account });
        let session = self.put_session(session, Some(EventKind::SessionCreated));
        if terms.kyc_package.is_some_and(|package| package.verdict == PackageVerdict::Accepted) {
            let data = EventData::Session(Arc::clone(&session));
            self.tell(account, id, EventKind::KycPackageAccepted, data);
        }
        Ok(Reply::Session(session))
    }

    /// Cancels an open session.
    pub(super) fn cancel_session(&mut self, account: AccountId, id: SessionId) -> Result<Reply, Fault> {
        let session = Session { status: SessionStatus::Cancelled, ..Session::clone(&*self.the_session(account, id)?) };
        Ok(Reply::Session(self.put_session(session, Some(EventKind::SessionCancelled))))
    }

    /// Ends a session whose time has run out; while a movement runs it waits.
    pub(super) fn expire_session(&mut self, account: AccountId, id: SessionId) {
        let Some(session) = self.session_of(account, id).cloned() else { return };
        let is_free = session.status == SessionStatus::Open { movement: None };
        if is_free && self.now() >= session.expires_at {
            let expired = Session { status: SessionStatus::Expired, ..session };
            self.put_session(expired, Some(EventKind::SessionExpired));
        }
    }

    /// The movement ended without moving money: another may be tried, unless the session's time ran out meanwhile.
    pub(super) fn free_session(&mut self, account: AccountId, id: SessionId) -> Result<(), Fault> {
        let session = self.the_session(account, id)?;
        let open = Session { status: SessionStatus::Open { movement: None }, ..Session::clone(&session) };
        self.put_session(open, Some(EventKind::SessionFailed));
        self.expire_session(account, id);
        Ok(())
    }

    /// Writes a session and tells of it.
    pub(super) fn put_session(&mut self, session: Session, kind: Option<EventKind>) -> Arc<Session> {
        self.touch();
        let session = Arc::new(session);
        self.sessions.insert(session.id, Arc::clone(&session));
        if let Some(kind) = kind {
            self.tell(session.account, session.id, kind, EventData::Session(Arc::clone(&session)));
        }
        session
    }
}
