# "Wer kann mir helfen?" in Leichte Sprache: short sentences, one statement each, hard words taken apart.
help-title = Wer kann mir helfen?
help-in = { $service } in { $place }
help-skip = Zum Inhalt springen
help-languages = Sprache
help-call-115 = Sie können anrufen
help-call = Sie können anrufen
help-write = Sie können eine E-Mail schreiben
help-open-page = Sie können im Internet fragen
help-write-here = Schreiben Sie uns hier
help-number-is = Die Nummer ist:
help-abroad =
    Sie sind im Ausland?
    Dann ist die Nummer: +49 115
help-open = Jetzt ist jemand da.
help-closed = Jetzt ist niemand da.
help-open-short = Jetzt ist jemand da.
help-closed-short = Jetzt ist niemand da.
help-until = Bis { $day }, { $clock }.
help-from = Wieder offen: { $day } ab { $clock }.
help-today = heute
help-tomorrow = morgen
help-date = { $weekday }, { $day }. { $month }
help-month-1 = Januar
help-month-2 = Februar
help-month-3 = März
help-month-4 = April
help-month-5 = Mai
help-month-6 = Juni
help-month-7 = Juli
help-month-8 = August
help-month-9 = September
help-month-10 = Oktober
help-month-11 = November
help-month-12 = Dezember
help-notice = Das ist wichtig
help-notice-since = Das wissen wir seit { $day }, { $clock }.
help-nobody = Hier steht noch keine Hilfe
help-unlisted = Wir wissen nicht: Gibt es diesen Dienst in { $place }?
help-other-ways = So geht es auch
help-speaks = Sprachen: { $list }
help-good-to-have = Das sollten Sie uns sagen
help-good-1 = Was haben Sie auf dem Bildschirm gesehen?
help-good-2 = Wo ging es nicht weiter?
help-good-3 =
    Haben Sie eine Vorgangs-Nummer?
    Dann sagen Sie uns die Nummer.
help-not-needed =
    Sagen Sie uns nicht Ihr Geburts-Datum.
    Sagen Sie uns nicht die Nummer von Ihrem Ausweis.
    Sagen Sie uns nicht die Nummer von Ihrem Konto.
help-qr = Diese Seite auf dem Handy öffnen
help-qr-alt = QR-Code: Der Code führt zu dieser Seite.
help-print-at = Diese Seite im Internet:
help-confirmed = Das haben wir zuletzt geprüft am { $date }.
help-as-of = Das haben wir zuletzt geändert am { $date }.
help-accessibility = Barriere-Freiheit
help-privacy = Daten-Schutz
help-easy = Leichte Sprache
help-sign = Gebärden-Sprache (Video)
help-imprint = Impressum
help-all-ways = Mehr Hilfe
help-other-place = Anderer Ort

help-find-place = Wo wohnen Sie?
help-find-place-for = { $service }: Wo wohnen Sie?
help-place-label = Name vom Ort oder Post-Leitzahl
help-place-hint = Zum Beispiel: Rieseby oder 24354.
help-city-state = Stadt und Bundes-Land
help-search = Suchen
help-several =
    Es gibt mehrere Orte.
    Wählen Sie Ihren Ort aus.
help-many =
    Es gibt viele Orte.
    Schreiben Sie mehr vom Namen.
help-none = Wir finden den Ort „{ $text }“ nicht.
help-none-name =
    Ist der Name richtig geschrieben?
    Wohnen Sie in einem Orts-Teil?
    Dann schreiben Sie den Namen von der Gemeinde.
help-none-code =
    Schreiben Sie den Namen von der Gemeinde.
    Die Post-Leitzahl kennen wir nicht.
help-ags-several =
    Es gibt mehrere Orte.
    Wählen Sie Ihren Ort aus.
help-services = Wobei brauchen Sie Hilfe?
help-service-label = Name vom Dienst
help-service-none = Wir finden „{ $text }“ nicht.
help-service-some =
    Wir finden „{ $text }“ nicht genau.
    Vielleicht hilft einer von diesen Diensten.
help-service-more =
    Das sind nicht alle Dienste.
    Suchen Sie nach dem Namen.
help-embed = Für Menschen mit eigener Internet-Seite: Hilfe einbauen
help-unknown = Das haben wir nicht gefunden
help-unknown-service = Diesen Dienst kennen wir nicht.
help-unknown-place = Diesen Ort kennen wir nicht.
help-still = Das hilft Ihnen trotzdem
help-still-115 =
    Rufen Sie die Nummer 115 an.
    Montag bis Freitag.
    Von 8 Uhr morgens bis 6 Uhr abends.
help-still-town = Oder fragen Sie im Rathaus.
help-to-services = Alle Dienste ansehen

language-de = Deutsch
language-de-x-leicht = Leichte Sprache
language-en = Englisch
language-gsg = Deutsche Gebärden-Sprache
language-ar = Arabisch
language-bg = Bulgarisch
language-da = Dänisch
language-el = Griechisch
language-es = Spanisch
language-fa = Persisch
language-fr = Französisch
language-frr = Friesisch
language-hr = Kroatisch
language-it = Italienisch
language-nds = Platt-Deutsch
language-nl = Niederländisch
language-pl = Polnisch
language-pt = Portugiesisch
language-ro = Rumänisch
language-ru = Russisch
language-sr = Serbisch
language-hsb = Sorbisch
language-tr = Türkisch
language-uk = Ukrainisch
barrier-title = Ein Problem melden
barrier-lead = Sagen Sie uns: Was geht nicht?
    Wollen Sie eine Antwort?
    Dann brauchen wir Ihre E-Mail-Adresse.
    Sie bekommen die Antwort spätestens nach einem Monat.
barrier-sent = Wir haben Ihre Nachricht.
    Vielen Dank.
barrier-send = Nachricht senden
barrier-text = Was geht nicht?
barrier-seite = Welche Seite ist es?
barrier-mail = Ihre E-Mail-Adresse
barrier-bad-text = Bitte schreiben Sie: Was geht nicht?
    Schreiben Sie nicht zu viel.
barrier-bad-seite = Bitte schreiben Sie nur eine Zeile.
barrier-bad-mail = Das ist keine E-Mail-Adresse.
    Ein Beispiel: name@example.org
barrier-too-many = Bitte versuchen Sie es später noch einmal.
