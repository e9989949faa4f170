# How the installation fares.
ops-as-of = As of { $time }
ops-anew = reload
ops-now = What is to be done now
ops-all-well = Nothing. All is well.
ops-deliveries = Deliveries
ops-waiting = Waiting
ops-due = { $count } of them are due
ops-oldest = the oldest since { $since }
ops-exhausted = Given up
ops-last-hour = Last hour
ops-hour-sent = { $count } accepted
ops-hour-failed = { $count } failed
ops-hour-refused = { $count } refused
ops-none-given-up = Nothing was given up.
ops-choose = Choose
ops-what = What
ops-to = To
ops-last-try = Last try
ops-why = Why
ops-attempts = { $count ->
    [one] 1 attempt.
   *[other] { $count } attempts.
  }{" "}
ops-to-person = the person who asked
ops-replay = Send the chosen again
ops-other-way = Send the chosen by the other way
ops-resend-effect = Again: the same message to the same address, with new attempts. Other way: by webhook instead of mail or the other way round; only for the first message of a step that is still open. What is not needed any more is not sent and leaves the list.
ops-more = Show more
done-resend-none = Nothing was chosen. Tick the messages first.
ops-settled-answered = Not needed any more: the question is answered.
ops-settled-returned = Not needed any more: the question was given back.
ops-settled-withdrawn = Not needed any more: the question was withdrawn.
done-put-aside = The messages are not needed any more. They were not sent and are no longer in the list.
done-resent-or-aside = The chosen messages are on their way again. What was not needed any more is no longer in the list.
done-resent = The chosen messages are on their way again.
done-resent-some = Some are on their way again. What is still in the list could not go: the address is disabled, or there is no other way.
done-not-resent = That did not work: the address is disabled, or the message is on its way already. Enable the address first.
done-no-other-way = That did not work: there is no other way, or nobody waits for this message any more.
done-endpoint-enabled = The address gets messages again.
ops-purpose-created = Question to the 2nd level
ops-purpose-reminded = Reminder
ops-purpose-replied = Reply to a question
ops-purpose-cancelled = Word that nothing is expected any more
ops-purpose-notice = Notice to the central contact
ops-purpose-reply = Answer to the person
ops-purpose-account = Mail about an account
ops-purpose-barrier = Reported barrier, to the contact for accessibility
ops-purpose-contact = Question to a contact whether its data are right
ops-addresses = Addresses that fail
ops-addresses-none = None. All addresses take messages.
ops-no-contact = no contact any more
ops-address-off = disabled since { $since }
ops-address-bounced = mailbox does not exist, since { $since }
ops-address-fails = failing since { $since }
ops-enable = Enable again
ops-enable-of = Enable again: { $contact }
ops-enable-effect = After that, new messages go there again. What was given up you send again above.
ops-contacts = Contacts
ops-unconfirmed = Never confirmed
ops-stale = Confirmed too long ago
ops-bounced = Mail came back
ops-gaps = All gaps as a file (CSV)
ops-mail = Mail
ops-smtp = Mail out
ops-webhooks = Webhooks out
ops-mailbox = Mailbox { $name }
ops-mailbox-read = is read
ops-way-works = works
ops-way-unused = nothing to send since the start
ops-way-fails = failing since { $since }
ops-last-success = last accepted: { $time }
ops-last-failure = last failure: { $time }
ops-last-read = last read: { $time }
ops-inbound = { $count ->
    [0] No mail waits for a decision.
    [one] 1 mail waits for a decision.
   *[other] { $count } mails wait for a decision.
  }
ops-instances = Instances
ops-instances-none = None has spoken yet. It takes some seconds after the start.
ops-serves = serves pages and API
ops-serves-delivers = works and delivers
ops-silent = silent since { $since }
ops-version = version { $version }
ops-since = since { $time }
ops-loops = What it does all the time
ops-loop-audit = Sealing the audit log
ops-loop-contacts = Asking contacts for confirmation
ops-loop-delivery = Delivering messages
ops-loop-directory = Reading the directory anew
ops-loop-mailboxes = Reading mailboxes
ops-loop-planned-changes = Carrying out planned changes
ops-loop-relocation = Moving requests after mergers
ops-loop-sweep = Checking deadlines, reminding, passing on
ops-loop-tokens = Noticing blocked access
ops-last-run = last { $time }
ops-database = Database
ops-kind = Kind
ops-migration = Schema as of
ops-up-to-date = up to date
ops-migrations-missing = { $count } changes are missing
ops-size = Size
ops-writer = Writes that wait
ops-connections = Connections
ops-free = { $count } free
ops-keys = Keys
ops-master = Master key
ops-former = Former ones still set
ops-rotation = Change the master key once a year and whenever somebody may have seen it: set the new one, name the old one as former, run "lotse rewrap", remove the old one.
ops-pages = Required pages
ops-pages-there = Legal notice, privacy and accessibility are filled in.
ops-pages-missing = You still have to fill in at least one page (settings under [public]).
ops-build = Version
ops-licences = Licences
ops-licences-all = What Lotse is made of
ops-licences-lead = Lotse is built and tested with { $count } libraries. Lotse itself is under the EUPL-1.2.
ops-licences-design = Licences of fonts and design
ops-crate = Library
ops-crate-version = Version
ops-crate-licence = Licence
concern-exhausted = { $count ->
    [one] 1 message was given up.
   *[other] { $count } messages were given up.
  }
concern-queue_late = Due messages have not left for { $count } minutes.
concern-endpoints_disabled = { $count ->
    [one] 1 address is disabled and gets nothing.
   *[other] { $count } addresses are disabled and get nothing.
  }
concern-bounced = { $count ->
    [one] 1 mailbox does not exist.
   *[other] { $count } mailboxes do not exist.
  }
concern-mail_failing = The mail server has taken nothing for { $count } minutes.
concern-mailbox_failing = The mailbox { $which } could not be read for { $count } minutes.
concern-nobody_delivers = No instance delivers and keeps deadlines. Start "lotse serve" or "lotse worker".
concern-loop_stalled = { $which } has stood still for { $count } minutes.
concern-instance_silent = { $which } has been silent for { $count } minutes.
concern-versions_mixed = { $count } versions work at once ({ $which }). After an upgrade this should pass.
concern-migrations_missing = The database misses { $count } changes: "lotse migrate".
concern-writes_waiting = { $count } writes are jammed.
concern-contacts_stale = { $count ->
    [one] 1 contact is not confirmed.
   *[other] { $count } contacts are not confirmed.
  }
concern-inbound_waiting = { $count ->
    [one] 1 mail waits for a decision.
   *[other] { $count } mails wait for a decision.
  }
concern-key_old = The master key is { $count } days old. Change it.
concern-key_former = { $count ->
    [one] A former master key is still set: "lotse rewrap", then remove it.
   *[other] { $count } former master keys are still set: "lotse rewrap", then remove them.
  }
concern-pages_missing = { $which ->
    [imprint] The legal notice is not filled in.
    [privacy] The privacy statement is not filled in.
   *[other] For accessibility no way of feedback is filled in.
  }
