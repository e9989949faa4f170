# Logging in and out.
login-title = Anmelden
login-name = Anmeldename
login-password = Passwort
login-button = Anmelden
login-forgot = Passwort vergessen?
login-or = oder mit Anmeldename und Passwort
code-title = Code eingeben
code-field = Code
code-hint = Sechs Ziffern aus Ihrer App, oder einer Ihrer Wiederherstellungscodes.
code-lost = App und Codes verloren? Wer bei Ihnen Personen verwaltet, kann den zweiten Faktor entfernen.
code-cancel = Anmeldung abbrechen
logged-out-title = Sie sind abgemeldet
logged-out = Auf diesem Gerät ist niemand mehr bei Lotse angemeldet.
logged-out-provider = Bei Lotse ist niemand mehr angemeldet. Sie werden jetzt auch beim Anmeldedienst abgemeldet.
logged-out-provider-link = Auch beim Anmeldedienst abmelden

# Links that set a password.
forgot-title = Passwort vergessen
forgot-lead = Sie bekommen eine Mail mit einem Link, über den Sie ein neues Passwort wählen.
forgot-button = Link anfordern
forgot-sent-title = Sehen Sie in Ihr Postfach
forgot-sent = Gibt es ein Konto mit diesem Namen und einer Mailadresse, ist der Link jetzt unterwegs. Kommt in zehn Minuten nichts an, hilft Ihnen, wer bei Ihnen Personen verwaltet.
to-login = Zur Anmeldung
invitation-title = Willkommen bei Lotse
invitation-heading = Willkommen, { $name }
invitation-lead = Wählen Sie ein Passwort. Danach sind Sie angemeldet.
reset-title = Neues Passwort wählen
reset-lead = Danach sind Sie angemeldet. Alle anderen Anmeldungen enden.
link-dead-title = Dieser Link gilt nicht mehr
link-dead = Er wurde schon benutzt, durch einen neueren ersetzt oder ist abgelaufen; vielleicht wurde er auch beim Kopieren abgeschnitten. War es eine Einladung, bitten Sie um eine neue.
link-dead-next = Neuen Link für das Passwort anfordern

# Passwords.
password-title = Passwort
password-change = Passwort ändern
password-old = Bisheriges Passwort
password-new = Neues Passwort
password-again = Neues Passwort noch einmal
password-rule = Mindestens { $count } Zeichen. Ein Satz aus mehreren Wörtern ist gut, Ziffern und Sonderzeichen müssen nicht sein.
password-set = Passwort speichern
password-effect = Alle anderen Anmeldungen enden.

# What can be wrong.
fault-login = Anmeldename oder Passwort stimmt nicht.
fault-login-missing = Der Anmeldename fehlt noch.
fault-code = Der Code stimmt nicht oder wurde schon benutzt.
fault-too-many = { $count ->
    [one] Zu viele Versuche. Versuchen Sie es in einer Minute wieder.
   *[other] Zu viele Versuche. Versuchen Sie es in { $count } Minuten wieder.
}
fault-again = Die beiden neuen Passwörter sind verschieden.
fault-password-short = Das Passwort hat weniger als { $count } Zeichen.
fault-password-weak = Das Passwort ist zu leicht zu erraten. Nehmen Sie ein paar Wörter dazu, die nicht zusammengehören.
fault-old-password = Das bisherige Passwort stimmt nicht.
