# How the installation fares.
ops-as-of = Stand { $time }
ops-anew = neu laden
ops-now = Was jetzt zu tun ist
ops-all-well = Nichts. Alles läuft.
ops-deliveries = Zustellungen
ops-waiting = Warten
ops-due = { $count } davon sind fällig
ops-oldest = die älteste seit { $since }
ops-exhausted = Aufgegeben
ops-last-hour = Letzte Stunde
ops-hour-sent = { $count } angenommen
ops-hour-failed = { $count } fehlgeschlagen
ops-hour-refused = { $count } abgelehnt
ops-none-given-up = Es wurde nichts aufgegeben.
ops-choose = Auswahl
ops-what = Was
ops-to = An
ops-last-try = Letzter Versuch
ops-why = Warum
ops-attempts = { $count ->
    [one] 1 Versuch.
   *[other] { $count } Versuche.
  }{" "}
ops-to-person = die Person, die gefragt hat
ops-replay = Ausgewählte noch einmal senden
ops-other-way = Ausgewählte auf dem anderen Weg senden
ops-resend-effect = Noch einmal: dieselbe Nachricht an dieselbe Adresse, mit neuen Versuchen. Anderer Weg: statt per Mail per Webhook oder umgekehrt; das geht nur bei der ersten Nachricht einer Stufe, die noch offen ist. Was nicht mehr nötig ist, wird nicht gesendet und verschwindet aus der Liste.
ops-more = Weitere zeigen
done-resend-none = Es war nichts ausgewählt. Setzen Sie Haken vor die Nachrichten.
ops-settled-answered = Nicht mehr nötig: Die Frage ist beantwortet.
ops-settled-returned = Nicht mehr nötig: Die Frage kam zurück.
ops-settled-withdrawn = Nicht mehr nötig: Die Frage ist zurückgezogen.
done-put-aside = Die Nachrichten sind nicht mehr nötig. Sie wurden nicht gesendet und stehen nicht mehr in der Liste.
done-resent-or-aside = Die ausgewählten Nachrichten sind wieder unterwegs. Was nicht mehr nötig war, steht nicht mehr in der Liste.
done-resent = Die ausgewählten Nachrichten sind wieder unterwegs.
done-resent-some = Ein Teil ist wieder unterwegs. Was noch in der Liste steht, ging nicht: Die Adresse ist ausgeschaltet, oder es gibt keinen anderen Weg.
done-not-resent = Das ging nicht: Die Adresse ist ausgeschaltet, oder die Nachricht ist schon wieder unterwegs. Schalten Sie zuerst die Adresse ein.
done-no-other-way = Das ging nicht: Es gibt keinen anderen Weg, oder auf diese Nachricht wartet niemand mehr.
done-endpoint-enabled = Die Adresse bekommt wieder Nachrichten.
ops-purpose-created = Frage an das 2nd Level
ops-purpose-reminded = Erinnerung
ops-purpose-replied = Antwort auf eine Rückfrage
ops-purpose-cancelled = Absage: Es wird nichts mehr erwartet
ops-purpose-notice = Hinweis an die zentrale Ansprechstelle
ops-purpose-reply = Antwort an die Person
ops-purpose-account = Mail zu einem Konto
ops-purpose-barrier = Gemeldete Barriere, an die Stelle für Barrierefreiheit
ops-purpose-contact = Frage an einen Kontakt, ob seine Angaben stimmen
ops-addresses = Adressen mit Störung
ops-addresses-none = Keine. Alle Adressen nehmen Nachrichten an.
ops-no-contact = kein Kontakt mehr
ops-address-off = ausgeschaltet seit { $since }
ops-address-bounced = Postfach gibt es nicht, seit { $since }
ops-address-fails = schlägt fehl seit { $since }
ops-enable = Wieder einschalten
ops-enable-of = Wieder einschalten: { $contact }
ops-enable-effect = Danach gehen neue Nachrichten wieder dorthin. Aufgegebene senden Sie oben noch einmal.
ops-contacts = Kontakte
ops-unconfirmed = Nie bestätigt
ops-stale = Zu lange nicht bestätigt
ops-bounced = Mail kam zurück
ops-gaps = Alle Lücken als Datei (CSV)
ops-mail = Post
ops-smtp = Mail hinaus
ops-webhooks = Webhooks hinaus
ops-mailbox = Postfach { $name }
ops-mailbox-read = wird gelesen
ops-way-works = funktioniert
ops-way-unused = seit dem Start nichts zu senden
ops-way-fails = gestört seit { $since }
ops-last-success = zuletzt angenommen: { $time }
ops-last-failure = zuletzt gestört: { $time }
ops-last-read = zuletzt gelesen: { $time }
ops-inbound = { $count ->
    [0] Keine Mail wartet auf eine Entscheidung.
    [one] 1 Mail wartet auf eine Entscheidung.
   *[other] { $count } Mails warten auf eine Entscheidung.
  }
ops-instances = Instanzen
ops-instances-none = Noch hat sich keine gemeldet. Das dauert nach dem Start einige Sekunden.
ops-serves = bedient Seiten und Schnittstelle
ops-serves-delivers = arbeitet und stellt zu
ops-silent = meldet sich nicht seit { $since }
ops-version = Version { $version }
ops-since = seit { $time }
ops-loops = Was sie laufend tut
ops-loop-audit = Protokoll versiegeln
ops-loop-contacts = Kontakte um Bestätigung bitten
ops-loop-delivery = Nachrichten zustellen
ops-loop-directory = Verzeichnis neu einlesen
ops-loop-mailboxes = Postfächer lesen
ops-loop-planned-changes = geplante Änderungen ausführen
ops-loop-relocation = Anfragen nach Zusammenschlüssen umziehen
ops-loop-sweep = Fristen prüfen, erinnern, weitergeben
ops-loop-tokens = gesperrte Zugänge erkennen
ops-last-run = zuletzt { $time }
ops-database = Datenbank
ops-kind = Art
ops-migration = Stand des Schemas
ops-up-to-date = aktuell
ops-migrations-missing = { $count } Änderungen fehlen
ops-size = Größe
ops-writer = Schreibvorgänge, die warten
ops-connections = Verbindungen
ops-free = { $count } frei
ops-keys = Schlüssel
ops-master = Hauptschlüssel
ops-former = Frühere, noch eingestellt
ops-rotation = Wechseln Sie den Hauptschlüssel einmal im Jahr und immer, wenn ihn jemand gesehen haben könnte: neuen Schlüssel einstellen, den alten als früheren nennen, „lotse rewrap“, den alten entfernen.
ops-pages = Pflichtseiten
ops-pages-there = Impressum, Datenschutz und Barrierefreiheit sind eingetragen.
ops-pages-missing = Mindestens eine Seite müssen Sie noch eintragen (Einstellungen unter [public]).
ops-build = Version
ops-licences = Lizenzen
ops-licences-all = Was in Lotse steckt
ops-licences-lead = Lotse ist aus { $count } Bibliotheken gebaut und mit ihnen geprüft. Lotse selbst steht unter der EUPL-1.2.
ops-licences-design = Lizenzen von Schrift und Gestaltung
ops-crate = Bibliothek
ops-crate-version = Version
ops-crate-licence = Lizenz
concern-exhausted = { $count ->
    [one] 1 Nachricht wurde aufgegeben.
   *[other] { $count } Nachrichten wurden aufgegeben.
  }
concern-queue_late = Fällige Nachrichten gehen seit { $count } Minuten nicht hinaus.
concern-endpoints_disabled = { $count ->
    [one] 1 Adresse ist ausgeschaltet und bekommt nichts.
   *[other] { $count } Adressen sind ausgeschaltet und bekommen nichts.
  }
concern-bounced = { $count ->
    [one] 1 Postfach gibt es nicht.
   *[other] { $count } Postfächer gibt es nicht.
  }
concern-mail_failing = Seit { $count } Minuten nimmt der Mailserver nichts an.
concern-mailbox_failing = Das Postfach { $which } kann seit { $count } Minuten nicht gelesen werden.
concern-nobody_delivers = Keine Instanz stellt zu und hält Fristen. Starten Sie „lotse serve“ oder „lotse worker“.
concern-loop_stalled = { $which } steht seit { $count } Minuten.
concern-instance_silent = { $which } meldet sich seit { $count } Minuten nicht.
concern-versions_mixed = { $count } Versionen arbeiten zugleich ({ $which }). Nach einem Update sollte das vergehen.
concern-migrations_missing = Der Datenbank fehlen { $count } Änderungen: „lotse migrate“.
concern-writes_waiting = { $count } Schreibvorgänge stauen sich.
concern-contacts_stale = { $count ->
    [one] 1 Kontakt ist nicht bestätigt.
   *[other] { $count } Kontakte sind nicht bestätigt.
  }
concern-inbound_waiting = { $count ->
    [one] 1 Mail wartet auf eine Entscheidung.
   *[other] { $count } Mails warten auf eine Entscheidung.
  }
concern-key_old = Der Hauptschlüssel ist { $count } Tage alt. Wechseln Sie ihn.
concern-key_former = { $count ->
    [one] Ein früherer Hauptschlüssel ist noch eingestellt: „lotse rewrap“, dann entfernen.
   *[other] { $count } frühere Hauptschlüssel sind noch eingestellt: „lotse rewrap“, dann entfernen.
  }
concern-pages_missing = { $which ->
    [imprint] Das Impressum ist nicht eingetragen.
    [privacy] Die Datenschutzerklärung ist nicht eingetragen.
   *[other] Für Barrierefreiheit ist kein Weg für Rückmeldungen eingetragen.
  }
