# The list of work.
nav-worklist = Anfragen
start-worklist = Anfragen: { $open } offen, { $overdue } überfällig, { $unclaimed } noch von niemandem übernommen, { $mine } bei Ihnen
worklist-views = Ansichten
worklist-view-open = Alle offenen
worklist-view-unclaimed = Nicht übernommen
worklist-view-mine = Meine
worklist-view-escalated = Eskaliert
worklist-view-waiting = Warten auf Antwort
worklist-search = Suche
worklist-search-label = Anfragen durchsuchen
worklist-search-hint = Nummer oder Stichwort
worklist-more-filters = Weitere Filter
worklist-narrow = Filtern
worklist-narrowed = Eingeschränkt auf
worklist-without = Ohne { $filter }
worklist-service = Dienst
worklist-place = Ort
worklist-place-typed = Ort (Name, PLZ, ARS)
worklist-state = Stand
worklist-category = Thema
worklist-wish = Gewünschte Antwort
worklist-callbacks = Nur Rückrufe
worklist-sort = Reihenfolge
worklist-any = alle
worklist-any-state = offen
worklist-sort-due = Dringendste zuerst
worklist-sort-ended = Früheste Frist zuerst
worklist-sort-newest = Neueste zuerst
worklist-sorted-due = Die dringendste zuerst
worklist-sorted-ended = Die mit der frühesten Frist zuerst
worklist-sorted-newest = Die neueste zuerst
worklist-summary = { $shown } von { $all } · Stand { $at }
worklist-summary-more = { $shown } auf dieser Seite, weitere folgen · Stand { $at }
worklist-summary-last = { $shown } auf dieser Seite · Stand { $at }
worklist-region = Liste der Anfragen
worklist-choose = Auswählen
worklist-choose-one = { $number } auswählen
worklist-choose-all = Alle auswählen
worklist-chosen = ausgewählt:
worklist-with-chosen = Ausgewählte:
worklist-due = Antwort fällig
worklist-number = Nummer
worklist-subject = Anliegen
worklist-service-place = Dienst und Ort
worklist-with = Bei
worklist-you = Sie
worklist-nobody = niemand
worklist-claim = Übernehmen
worklist-claim-one = { $number } übernehmen
worklist-release = Zurückgeben
worklist-close = Schließen …
worklist-emergency = Notfall (P1)
worklist-late = { $time } überfällig
worklist-left = noch { $time }
worklist-paused = Frist ruht
worklist-ended = beendet
worklist-since = seit { $time }
worklist-person-since = Person, seit { $time }
worklist-unclaimed = nicht übernommen
worklist-at-specialists = bei der Fachstelle
worklist-acknowledged = Eskaliert, bestätigt
worklist-unacknowledged = Eskaliert, unbestätigt
worklist-asked-back = Rückfrage an Sie
worklist-next-step = nächste Stufe { $time } · { $who }
worklist-last-step = letzte Stufe, bis { $time } · { $who }
worklist-returned = Zurückgegeben
worklist-answered-back = 2nd Level hat geantwortet
worklist-by-at = { $who }, { $time }
worklist-expired = Niemand hat bestätigt
worklist-minutes = { $count } Min.
worklist-hours = { $count } Std.
worklist-days = { $count ->
    [one] 1 Tag
   *[other] { $count } Tage
}
worklist-day-1 = Mo
worklist-day-2 = Di
worklist-day-3 = Mi
worklist-day-4 = Do
worklist-day-5 = Fr
worklist-day-6 = Sa
worklist-day-7 = So
worklist-pages = Seiten
worklist-before = Vorherige Anfragen
worklist-after = Weitere Anfragen
worklist-deadlines = Fristen erklärt

# Where no row is.
worklist-none-open = Es ist nichts offen
worklist-none-unclaimed = Jede offene Anfrage hat jemand übernommen
worklist-none-mine = Bei Ihnen ist nichts offen
worklist-none-escalated = Nichts liegt beim 2nd Level
worklist-none-waiting = Niemand wird um Auskunft gebeten
worklist-nothing-open = Neue Anfragen erscheinen hier von selbst.
worklist-others-have = Die übrigen offenen Anfragen sind in Arbeit.
worklist-free-left = { $count ->
    [one] 1 Anfrage hat noch niemand übernommen. Sie ist fällig: { $due }, „{ $subject }“.
   *[other] { $count } Anfragen hat noch niemand übernommen. Die nächste ist fällig: { $due }, „{ $subject }“.
}
worklist-see-free = Nicht übernommene ansehen
worklist-see-open = Alle offenen ansehen
worklist-all = Filter entfernen, alle offenen ansehen
worklist-none-found = Dazu gibt es keine Anfrage
worklist-none-found-next = Nehmen Sie einen Filter weg, oder suchen Sie mit weniger Wörtern. Beendete Anfragen finden Sie über den Stand.
worklist-no-number = Diese Nummer gibt es nicht, oder sie liegt nicht bei Ihnen
worklist-no-number-next = Vergleichen Sie die Nummer noch einmal; die letzte Ziffer prüft die anderen.

# What changes while one looks.
worklist-new = neue Anfragen anzeigen
worklist-new-one = neue Anfrage anzeigen
worklist-came = Neue Anfragen stehen in der Liste.
worklist-fresh = neu
worklist-changed = eben geändert
worklist-left-view = nicht mehr in dieser Ansicht
worklist-loading = wird geladen …
worklist-lost = Keine Verbindung. Die Liste zeigt den Stand von # Uhr.
worklist-safe = Nichts geht verloren, Ihre Auswahl bleibt.
worklist-try = Nächster Versuch in # Sek.
worklist-try-now = Jetzt versuchen
worklist-back-again = Die Verbindung ist wieder da. Die Liste ist auf dem neuen Stand.
worklist-logged-out = Ihre Anmeldung ist beendet oder Ihre Rechte haben sich geändert. Die Liste zeigt den letzten Stand und ändert sich nicht mehr.

# Keys.
worklist-foot = Ausgewählte und Tasten
worklist-keys = Alle Tasten, an/aus
worklist-key-move = ab und auf
worklist-key-open = öffnen
worklist-key-claim = übernehmen
worklist-key-choose = auswählen
worklist-key-view = Ansicht
worklist-key-views = Ansicht: alle offenen, nicht übernommene, meine, eskalierte, wartende
worklist-key-search = suchen
worklist-key-new = neue Anfragen anzeigen
worklist-key-help = diese Übersicht
worklist-keys-on = Einzelne Tasten benutzen
worklist-keys-off-effect = Ausgeschaltet wirken nur noch Tab, Enter und Leertaste. Die Wahl gilt in diesem Browser, bis Sie sie ändern.
worklist-dialog-close = Zurück zur Liste

# Many at once.
done-worklist-claimed = Übernommen. Sie finden die Anfragen unter „Meine“.
done-worklist-released = Zurückgegeben. Andere können die Anfragen jetzt übernehmen.
done-worklist-closed = Geschlossen.
worklist-some-claimed = { $done } von { $all } übernommen
worklist-some-released = { $done } von { $all } zurückgegeben
worklist-some-closed = { $done } von { $all } geschlossen
worklist-nothing-chosen = Nichts ausgewählt
worklist-choose-first = Kreuzen Sie in der Liste an, womit etwas geschehen soll. Es wurde nichts geändert.
worklist-done = Erledigt
worklist-not-done = Nicht erledigt
worklist-to-list = Zurück zur Liste
worklist-gone = nicht gefunden
worklist-not-yours = Diese Anfrage gibt es nicht, oder sie liegt nicht bei Ihnen.
worklist-not-allowed = Das dürfen Sie bei dieser Anfrage nicht.
worklist-held = { $name } hat diese Anfrage. Sprechen Sie sich ab, oder lassen Sie sie zurückgeben.
worklist-not-new = Noch nicht übernommen. Übernehmen Sie sie zuerst.
worklist-is-closed = Ist schon abgeschlossen.
worklist-is-now = Geht nicht mehr: Stand ist jetzt „{ $state }“.
worklist-away = Die Datenbank war nicht erreichbar. Versuchen Sie es in einer Minute noch einmal.
worklist-fault = Der Fehler liegt bei Lotse und ist vermerkt.
worklist-close-title = Anfragen schließen
worklist-close-open = { $count ->
    [one] 1 Anfrage ist noch offen
   *[other] { $count } Anfragen sind noch offen
}
worklist-close-ended = { $count ->
    [one] 1 Anfrage ist schon beantwortet oder abgelehnt
   *[other] { $count } Anfragen sind schon beantwortet oder abgelehnt
}
worklist-close-left = { $count ->
    [one] 1 Anfrage bleibt, wie sie ist
   *[other] { $count } Anfragen bleiben, wie sie sind
}
worklist-close-how = Wie enden die offenen?
worklist-close-answer = Alle mit dieser Antwort
worklist-close-reject = Alle ablehnen, mit dieser Begründung
worklist-close-text = Was die Personen lesen oder hören
worklist-no-text = Schreiben Sie, was die Personen erfahren: 1 bis 8.000 Zeichen.
worklist-close-do = { $count ->
    [one] 1 Anfrage schließen
   *[other] { $count } Anfragen schließen
}
worklist-close-none = Davon lässt sich jetzt keine schließen.
worklist-will-close = wird abgelegt
worklist-will-answer = wird beendet und abgelegt
worklist-will-withdraw = wird beendet und abgelegt, die Eskalation zurückgezogen
worklist-told-email = { $count ->
    [one] 1 Person bekommt den Text per E-Mail.
   *[other] { $count } Personen bekommen den Text per E-Mail.
}
worklist-told-phone = { $count ->
    [one] 1 Person wünscht einen Rückruf: Rufen Sie sie an, der Text steht im Verlauf.
   *[other] { $count } Personen wünschen einen Rückruf: Rufen Sie sie an, der Text steht im Verlauf.
}
worklist-told-none = { $count ->
    [one] 1 Person wünscht keine Antwort; der Text steht nur im Verlauf.
   *[other] { $count } Personen wünschen keine Antwort; der Text steht nur im Verlauf.
}
