# People and their roles.
people-search = Name, Anmeldename oder Mailadresse
people-state = Stand
people-none = Niemand passt dazu.
people-all = Alle zeigen
people-more = Weitere
state-all = alle
state-invited = eingeladen
state-active = aktiv
state-disabled = gesperrt
person-name = Name
person-email = Mailadresse
person-login-hint = Ein kurzer Name oder die Mailadresse. Er bleibt.
person-email-hint = Dorthin geht die Einladung. Ohne Adresse geben Sie den Link selbst weiter.
person-since = Angelegt
person-last-login = Zuletzt angemeldet
person-facts = Angaben
person-actions = Was Sie tun können
person-invite-again = Neu einladen
person-invite-again-effect = Der bisherige Link gilt dann nicht mehr.
person-reset = Passwort zurücksetzen
person-reset-effect = Das Passwort gilt sofort nicht mehr, alle Anmeldungen enden. Sie bekommen einen Link für ein neues.
person-factor = Zweiten Faktor entfernen
person-factor-effect = Für wen das Telefon verloren hat. Alle Anmeldungen enden.
person-log-out = Anmeldungen beenden
person-log-out-effect = { $count ->
    [one] Eine Anmeldung gilt gerade.
   *[other] { $count } Anmeldungen gelten gerade.
}
person-disable = Sperren
person-disable-effect = Anmelden geht dann nicht mehr, alle Anmeldungen und Tokens enden. Das Konto bleibt.
person-enable = Freigeben
person-enable-effect = Anmelden geht dann wieder, mit denselben Rollen.
done-grants = Rollen gespeichert.
done-disabled = Gesperrt. Alle Anmeldungen sind beendet.
done-enabled = Freigegeben.
done-factor-reset = Der zweite Faktor ist entfernt.
done-logged-out = Alle Anmeldungen sind beendet.

invite = Person einladen
invite-button = Einladen
done-invited = { $name } ist eingeladen
done-reset = Passwort von { $name } zurückgesetzt
link-mailed = Der Link ging an { $email }. Kommt er nicht an, geben Sie ihn selbst weiter.
link-by-hand = Es ist keine Mailadresse bekannt. Geben Sie diesen Link selbst weiter, am besten persönlich.
link-until = Gilt einmal, bis { $time }.
link-once = Lotse zeigt den Link nur jetzt. Wer ihn hat, kommt hinein.
link-kept = Weiter zur Person

# Rows of roles.
grant-row = Rolle { $count }
grant-role = Rolle
grant-none = keine
grant-region = Land oder Kommune
grant-service = Dienst
grant-channel = Kanal
grant-contact = Kontakt (nur 2nd Level)
grant-all = alle
grant-more = Weitere Rolle
grants-hint = Ort: Name oder Regionalschlüssel, leer heißt überall. Wo sich Rollen überschneiden, gilt die engere.
grants-set = Rollen speichern
grants-effect = Alle Anmeldungen der Person enden.
fault-name = Der Name fehlt noch oder ist länger als 200 Zeichen.
fault-login-form = Der Anmeldename hat 2 bis 100 Buchstaben, Ziffern und . _ - + @
fault-login-taken = Diesen Anmeldenamen gibt es schon.
fault-email = Das ist keine Mailadresse.
fault-role-missing = Wählen Sie eine Rolle, oder leeren Sie die Zeile.
fault-role = Diese Rolle gibt es nicht.
fault-region = Diesen Ort kennt Lotse nicht. Prüfen Sie die Schreibweise, oder nehmen Sie den Regionalschlüssel.
fault-region-several = Diesen Namen haben mehrere Orte. Nehmen Sie den Regionalschlüssel.
fault-region-key = Ein Regionalschlüssel hat 2, 3, 5, 9 oder 12 Ziffern.
fault-service = Diesen Dienst gibt es nicht.
fault-channel = Diesen Kanal gibt es nicht.
fault-contact-needed = Nennen Sie den Kontakt, für den das 2nd Level spricht.
fault-contact-unneeded = Nur das 2nd Level spricht für einen Kontakt. Leeren Sie das Feld.
fault-stale = Jemand hat die Rollen inzwischen geändert. Unten stehen die jetzigen.
fault-last-admin = Dann gäbe es niemanden mehr, der Lotse betreibt. Geben Sie die Rolle erst jemand anderem.
fault-not-now = Das geht bei diesem Konto gerade nicht. Wer Lotse als Letztes betreibt, kann nicht gesperrt werden.
