# Logging in and out.
login-title = Log in
login-name = Login name
login-password = Password
login-button = Log in
login-forgot = Forgot your password?
login-or = or with login name and password
code-title = Enter the code
code-field = Code
code-hint = Six digits from your app, or one of your recovery codes.
code-lost = Lost both app and codes? Whoever manages people where you work can remove the second factor.
code-cancel = Cancel the log-in
logged-out-title = You are logged out
logged-out = Nobody is logged in to Lotse on this device any more.
logged-out-provider = Nobody is logged in to Lotse any more. You are now being logged out of the log-in service too.
logged-out-provider-link = Log out of the log-in service too

# Links that set a password.
forgot-title = Forgot your password
forgot-lead = You get a mail with a link to choose a new password.
forgot-button = Request the link
forgot-sent-title = Look into your mailbox
forgot-sent = If there is an account with this name and a mail address, the link is on its way. If nothing arrives within ten minutes, whoever manages people where you work can help.
to-login = To the log-in
invitation-title = Welcome to Lotse
invitation-heading = Welcome, { $name }
invitation-lead = Choose a password. You are logged in then.
reset-title = Choose a new password
reset-lead = You are logged in then. All other log-ins end.
link-dead-title = This link is no longer good
link-dead = It was used already, replaced by a newer one, or has run out; perhaps it was cut off when it was copied. If it was an invitation, ask for a new one.
link-dead-next = Request a new link for the password

# Passwords.
password-title = Password
password-change = Change password
password-old = Present password
password-new = New password
password-again = New password again
password-rule = At least { $count } characters. A sentence of several words is good; digits and special characters are not needed.
password-set = Save password
password-effect = All other log-ins end.

# What can be wrong.
fault-login = Login name or password is not right.
fault-login-missing = The login name is missing.
fault-code = The code is not right or was used already.
fault-too-many = { $count ->
    [one] Too many tries. Try again in a minute.
   *[other] Too many tries. Try again in { $count } minutes.
}
fault-again = The two new passwords differ.
fault-password-short = The password has fewer than { $count } characters.
fault-password-weak = The password is too easy to guess. Add a few words that do not belong together.
fault-old-password = The present password is not right.
