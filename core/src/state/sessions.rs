//! Sessions: opened, cancelled, expired.

use std::sync::Arc;

use super::State;
use crate::change::{Change, Index};
use crate::command::{Refusal, Reply, Subject, Timer, TimerTask};
use crate::event::EventKind;
use crate::id::{AccountId, CommandIds, SessionId};
use crate::session::{Session, SessionEvent, SessionRefusal, SessionStatus, SessionTerms};

impl State {
    pub(super) fn create_session(&mut self, account: AccountId, terms: &SessionTerms) -> Reply {
        let mut ids = self.ids();
        let id = SessionId(ids.draw(&self.settings.id_key));
        let session = Arc::new(Session {
            id,
            account,
            status: SessionStatus::Open { movement: None },
            terms: terms.clone(),
            created_at: self.now(),
            expires_at: self.now().plus(self.settings.session_life),
        });
        self.sessions.put(self.head.batch, (account, id), Arc::clone(&session));
        self.lanes.load(id, None);
        self.changes.push(Change::Index(Index::Session(account, session.status.label(), id), true));
        let task = TimerTask::ExpireSession(id);
        self.changes.push(Change::TimerAdd(Timer { due: session.expires_at, task, account }));
        self.tell_session(&mut ids, EventKind::SessionCreated, &session);
        if session.terms.has_accepted_package() {
            self.tell_session(&mut ids, EventKind::KycPackageAccepted, &session);
        }
        Reply::Session(session)
    }

    pub(super) fn cancel_session(&mut self, account: AccountId, id: SessionId) -> Result<Reply, Refusal> {
        let session = self.session(account, id, Subject::Path)?;
        let cancelled = self.move_session(&session, SessionEvent::Cancel)?;
        let mut ids = self.ids();
        self.tell_session(&mut ids, EventKind::SessionCancelled, &cancelled);
        Ok(Reply::Session(cancelled))
    }

    /// Ends an overdue session. While a movement runs it waits: the movement's end looks again.
    pub(super) fn expire_session(&mut self, ids: &mut CommandIds, account: AccountId, id: SessionId) {
        let Some(session) = self.sessions.get(&(account, id)).cloned() else { return };
        if self.now() < session.expires_at {
            return;
        }
        if let Ok(expired) = self.move_session(&session, SessionEvent::Expire) {
            self.tell_session(ids, EventKind::SessionExpired, &expired);
        }
    }

    pub(super) fn session(&self, account: AccountId, id: SessionId, named: Subject) -> Result<Arc<Session>, Refusal> {
        self.sessions.get(&(account, id)).cloned().ok_or(Refusal::NotFound(named))
    }
}

impl From<SessionRefusal> for Refusal {
    fn from(refusal: SessionRefusal) -> Refusal {
        match refusal {
            SessionRefusal::NotOpen => Refusal::SessionNotOpen,
            SessionRefusal::Busy => Refusal::SessionBusy,
        }
    }
}
