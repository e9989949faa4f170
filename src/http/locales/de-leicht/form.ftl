# The public form and where a request stands, in Leichte Sprache.
form-title = Schreiben Sie uns
form-title-fault = Fehler
form-lead =
    Etwas geht nicht?
    Dann schreiben Sie uns.
    Wir antworten Ihnen.
form-other-ways = Hier steht, wie Sie noch Hilfe bekommen
form-faults = Da fehlt noch etwas
form-not-sent = Wir haben Ihre Frage noch nicht
form-files-again =
    Wählen Sie Ihre Dateien noch einmal aus.
    Alles andere ist noch da.
form-trap = Dieses Feld bleibt leer
form-about = Worum geht es?
form-choose = Bitte wählen
form-about-login = Ich kann mich nicht anmelden
form-about-form_error = Das Formular zeigt einen Fehler
form-about-upload = Ich kann keine Datei schicken
form-about-payment = Das Bezahlen geht nicht
form-about-submission = Ich kann den Antrag nicht schicken
form-about-unreachable = Die Seite geht nicht auf
form-about-accessibility = Die Seite hat eine Hürde für mich
form-about-documents = Ich weiß nicht, welche Papiere ich brauche
form-about-status = Ich möchte wissen: Was ist mit meinem Antrag?
form-about-procedure = Ich weiß nicht, wie es geht
form-text = Was geht nicht?
form-text-hint =
    Was haben Sie gemacht?
    Was haben Sie gesehen?
    Schreiben Sie nicht Ihr Geburts-Datum.
    Schreiben Sie nicht die Nummer von Ihrem Ausweis oder Konto.
form-typed-iban =
    In Ihrem Text steht vielleicht die Nummer von Ihrem Konto.
    Wir brauchen sie nicht.
form-typed-birth =
    In Ihrem Text steht vielleicht ein Geburts-Datum.
    Wir brauchen es nicht.
form-typed-card =
    In Ihrem Text steht vielleicht die Nummer von einer Karte.
    Wir brauchen sie nicht.
form-typed-tax =
    In Ihrem Text steht vielleicht Ihre Steuer-Nummer.
    Wir brauchen sie nicht.
form-held-iban =
    In Ihrem Text steht vielleicht die Nummer von Ihrem Konto.
    Wir brauchen sie nicht.
form-held-birth =
    In Ihrem Text steht vielleicht ein Geburts-Datum.
    Wir brauchen es nicht.
form-held-card =
    In Ihrem Text steht vielleicht die Nummer von einer Karte.
    Wir brauchen sie nicht.
form-held-tax =
    In Ihrem Text steht vielleicht Ihre Steuer-Nummer.
    Wir brauchen sie nicht.
form-held-unconfirmed =
    Wollten Sie das nicht?
    Dann klicken Sie nicht auf den Link in der E-Mail.
    Schreiben Sie die Frage noch einmal.
form-held-taken =
    Wollten Sie das nicht?
    Dann beenden Sie diese Frage unten.
    Schreiben Sie die Frage noch einmal.
form-fehler = Fehler-Meldung
form-error-hint = Was stand auf dem Bildschirm?
form-dateien = Bilder oder Dateien
form-optional = müssen Sie nicht
form-files-hint =
    Zum Beispiel ein Bild vom Bildschirm.
    Das geht: { $kinds }. Zusammen höchstens { $most } MB.
form-antwort = Wie sollen wir antworten?
form-wish-email = Mit einer E-Mail
form-wish-phone = Mit einem Anruf
form-wish-none = Ich brauche keine Antwort
form-mail = E-Mail-Adresse
form-mail-when = nur für eine Antwort mit einer E-Mail
form-mail-hint =
    Wir schicken Ihnen eine E-Mail.
    In der E-Mail ist ein Link.
    Klicken Sie auf den Link.
form-telefon = Telefon-Nummer
form-phone-when = nur für einen Anruf
form-name = Name
form-privacy =
    Wir brauchen Ihre Angaben nur für die Antwort.
    Niemand sonst bekommt sie.
form-send = Abschicken
form-working = Bitte warten Sie ein paar Sekunden.
form-no-script =
    Es geht auch so.
    Manchmal müssen Sie etwas warten.
form-no-category = Wählen Sie aus: Worum geht es?
form-bad-text = Schreiben Sie: Was geht nicht?
form-bad-error = Die Fehler-Meldung ist zu lang.
form-no-wish = Wählen Sie aus: Wie sollen wir antworten?
form-bad-mail = Schreiben Sie Ihre E-Mail-Adresse.
form-mail-no-dot =
    In Ihrer E-Mail-Adresse fehlt ein Punkt.
    Schreiben Sie zum Beispiel: name@beispiel.de
form-mail-not-ascii =
    In Ihrer E-Mail-Adresse ist ein Umlaut.
    Schreiben Sie eine andere E-Mail-Adresse.
    Oder lassen Sie das Feld leer.
form-bad-phone = Schreiben Sie Ihre Telefon-Nummer.
form-bad-name = Der Name ist zu lang.
form-no-consent = Bitte stimmen Sie zu.
form-fault-file = { $name }:
form-bad-file = Diese Datei geht nicht.
form-harmful =
    Diese Datei ist gefährlich.
    Wir haben sie nicht gespeichert.
form-too-large =
    Die Dateien sind zu groß.
    Schicken Sie weniger Dateien.
form-send-again =
    Bitte drücken Sie noch einmal auf Abschicken.
    Alles ist noch da.
form-place-ended = Hier können Sie gerade nicht schreiben.
form-too-often = Sie haben sehr oft geschrieben.
    Bitte versuchen Sie es in einer Stunde noch einmal.
form-too-many = Bitte versuchen Sie es später noch einmal.
form-away =
    Es geht gerade nicht.
    Bitte versuchen Sie es gleich noch einmal.
form-sent-title = Schauen Sie in Ihre E-Mails
form-sent-lead =
    Wir haben Ihnen eine E-Mail geschickt.
    Klicken Sie auf den Link in der E-Mail.
    Erst dann fangen wir an.
form-sent-until = Sonst löschen wir alles: { $day }, { $clock }.
form-your-number = Ihre Nummer
form-sent-number =
    Sie rufen uns an?
    Dann sagen Sie diese Nummer.
form-no-mail = Sie haben keine E-Mail bekommen?
form-wrong-address = War die Adresse falsch? Schreiben Sie noch einmal
form-request = Ihre Frage { $number }
form-at = { $day }, { $clock }
form-stand-unconfirmed = Sie müssen noch bestätigen
form-stand-gone = Gelöscht
form-stand-new = Ihre Frage ist da
form-stand-assessing = Wir arbeiten daran
form-stand-waiting = Wir haben eine Frage an Sie
form-stand-escalated =
    Wir arbeiten daran.
    Jemand hilft uns dabei.
form-stand-answered = Unsere Antwort ist da
form-stand-closed = Fertig
form-stand-withdrawn = Sie wollten keine Antwort mehr
form-stand-rejected = Wir können nicht antworten
form-stand-merged =
    Andere haben das Gleiche gefragt.
    Wir arbeiten daran.
form-next-unconfirmed =
    Klicken Sie auf den Link in der E-Mail.
    Sonst löschen wir alles: { $day }, { $clock }.
form-next-late =
    Es dauert länger.
    Das tut uns leid.
    Wir arbeiten weiter daran.
form-next-mail =
    Sie bekommen eine E-Mail.
    Spätestens { $day }, { $clock }.
form-next-phone =
    Wir rufen Sie an.
    Spätestens { $day }, { $clock }.
form-next-here =
    Die Antwort steht dann hier.
    Spätestens { $day }, { $clock }.
form-next-waiting =
    Antworten Sie uns bitte.
    Dann arbeiten wir weiter.
form-next-answered =
    Die Antwort hilft Ihnen nicht?
    Dann schreiben Sie uns unten noch einmal.
form-done-bestaetigt =
    Danke.
    Jetzt fangen wir an.
form-done-aufgenommen = Ihre Frage ist bei uns angekommen.
form-done-geschrieben =
    Danke.
    Ihre Nachricht ist da.
form-done-zurueckgezogen = Wir arbeiten nicht mehr an Ihrer Frage.
form-keep-link = Merken Sie sich diesen Link
form-keep-link-why =
    Mit dem Link sehen Sie die Antwort.
    Geben Sie den Link niemandem.
form-story = Was bisher war
form-said-you = Sie
form-said-question = Frage an Sie
form-said-interim = So weit sind wir
form-said-answer = Unsere Antwort
form-said-refusal = Warum nicht
form-said-withdrawn = Von Ihnen beendet
form-files = Dateien
form-file-harmful = Gelöscht: Die Datei war gefährlich.
form-file-unchecked = Wird noch geprüft.
form-file-gone = Gelöscht.
form-answer-title = Antworten Sie uns
form-answer-text = Ihre Antwort
form-answer-send = Antwort schicken
form-add-title = Noch etwas schreiben
form-add-reopens =
    Sie schreiben uns?
    Dann arbeiten wir wieder an Ihrer Frage.
form-add-text = Ihre Nachricht
form-add-send = Nachricht schicken
form-bad-words = Schreiben Sie etwas.
form-withdraw = Keine Antwort mehr nötig?
form-withdraw-effect =
    Dann arbeiten wir nicht mehr daran.
    Sie bekommen keine Antwort.
form-withdraw-why = Warum?
form-withdraw-now = Jetzt beenden
form-confirm = Ja, das habe ich geschrieben
form-confirm-title = Haben Sie das geschrieben?
form-confirm-lead =
    Klicken Sie auf den Knopf.
    Dann fangen wir an.
form-confirm-not-me =
    Nein?
    Dann machen Sie die Seite einfach zu.
    Wir löschen alles.
form-link-lost = Sie finden den Link nicht mehr?
form-link-unknown = Dieser Link geht nicht.
form-lost-title = Den Link noch einmal bekommen
form-lost-lead = Wir schicken Ihnen eine E-Mail mit dem Link.
form-lost-sent =
    Die E-Mail ist unterwegs.
    Ist keine da?
    Dann stimmt die Nummer oder die Adresse nicht.
form-lost-number = Ihre Nummer
form-lost-mail = E-Mail-Adresse
form-lost-send = Link schicken
