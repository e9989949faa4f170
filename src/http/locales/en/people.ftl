# People and their roles.
people-search = Name, login name or mail address
people-state = State
people-none = Nobody fits.
people-all = Show all
people-more = More
state-all = all
state-invited = invited
state-active = active
state-disabled = disabled
person-name = Name
person-email = Mail address
person-login-hint = A short name or the mail address. It stays.
person-email-hint = The invitation goes there. Without an address you hand over the link yourself.
person-since = Made
person-last-login = Last log-in
person-facts = Facts
person-actions = What you can do
person-invite-again = Invite again
person-invite-again-effect = The former link is no longer good then.
person-reset = Reset the password
person-reset-effect = The password ends at once, and all log-ins. You get a link for a new one.
person-factor = Remove the second factor
person-factor-effect = For somebody who lost their phone. All log-ins end.
person-log-out = End log-ins
person-log-out-effect = { $count ->
    [one] One log-in holds now.
   *[other] { $count } log-ins hold now.
}
person-disable = Disable
person-disable-effect = They cannot log in any more; all log-ins and tokens end. The account stays.
person-enable = Enable
person-enable-effect = They can log in again, with the same roles.
done-grants = Roles saved.
done-disabled = Disabled. All log-ins have ended.
done-enabled = Enabled.
done-factor-reset = The second factor is removed.
done-logged-out = All log-ins have ended.

invite = Invite somebody
invite-button = Invite
done-invited = { $name } is invited
done-reset = Password of { $name } reset
link-mailed = The link went to { $email }. If it does not arrive, hand it over yourself.
link-by-hand = No mail address is known. Hand this link over yourself, best in person.
link-until = Good once, until { $time }.
link-once = Lotse shows the link only now. Whoever has it gets in.
link-kept = On to the person

# Rows of roles.
grant-row = Role { $count }
grant-role = Role
grant-none = none
grant-region = Land or municipality
grant-service = Service
grant-channel = Channel
grant-contact = Contact (2nd level only)
grant-all = all
grant-more = One more role
grants-hint = Place: a name or a regional key, empty means everywhere. Where roles overlap, the narrower one counts.
grants-set = Save roles
grants-effect = All log-ins of this person end.
fault-name = The name is missing or longer than 200 characters.
fault-login-form = The login name has 2 to 100 letters, digits and . _ - + @
fault-login-taken = This login name exists already.
fault-email = This is not a mail address.
fault-role-missing = Choose a role, or empty the row.
fault-role = There is no such role.
fault-region = Lotse does not know this place. Check the spelling, or take the regional key.
fault-region-several = Several places have this name. Take the regional key.
fault-region-key = A regional key has 2, 3, 5, 9 or 12 digits.
fault-service = There is no such service.
fault-channel = There is no such channel.
fault-contact-needed = Name the contact that the 2nd level speaks for.
fault-contact-unneeded = Only the 2nd level speaks for a contact. Empty this field.
fault-stale = Somebody has changed the roles meanwhile. The present ones stand below.
fault-last-admin = Nobody would run Lotse any more. Give the role to somebody else first.
fault-not-now = This cannot be done with this account now. The last person who runs Lotse cannot be disabled.
