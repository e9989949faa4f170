# Figures.
nav-figures = Zahlen
figures-period = Zeitraum
figures-month = Monat
figures-quarter = Quartal
figures-year = Jahr
figures-before = davor
figures-after = danach
figures-days-between = { $from } bis { $to }
figures-compared = verglichen mit { $days }
figures-running = läuft noch · { "" }
figures-ahead = beginnt erst · { "" }
figures-narrow = Eigener Zeitraum, eingrenzen
figures-from = Von
figures-to = Bis
figures-region = Region
figures-region-hint = Anfang des ARS: 01, 01002, …
figures-contact = 2nd Level
figures-contact-hint = Name oder Kennung des Kontakts
figures-any = alle
figures-show = Zeigen
figures-all = Alles zeigen
figures-csv = Als CSV laden
figures-xlsx = Als XLSX laden
figures-none = In diesem Zeitraum kam keine Anfrage an, die Sie sehen dürfen. Wählen Sie einen anderen Zeitraum, oder nehmen Sie die Eingrenzung weg.
figures-fault-day = Das ist kein Tag. Richtig ist zum Beispiel 2026-11-01.
figures-fault-days = Wählen Sie zwei Tage; der zweite darf nicht vor dem ersten liegen, und höchstens fünf Jahre danach.
figures-fault-region = Das ist keine Region. Richtig sind die ersten 2, 3, 5, 9 oder alle 12 Ziffern eines ARS.

figures-percent = { $share } %
figures-minutes = { $time } Min.
figures-hours = { $time } Std.
figures-days = { $time } Tage
figures-week = KW { $week }
figures-aim = Ziel { $share } %
figures-aim-word = Ziel 90 %
figures-aim-reached = Ziel { $share } % erreicht
figures-aim-missed = Ziel { $share } % nicht erreicht
figures-then = davor { $before }
figures-overdue-then = { $count ->
    [one] 1 offene ist überfällig
   *[other] { $number } offene sind überfällig
} · beantwortete davor { $before }
figures-answered-only = Verlauf, Balken und Tabellen zählen nur, was beantwortet ist. Überfällige offene zählen nur in der großen Zahl mit, als zu spät.
figures-open-list = Offene Anfragen, die dringendste zuerst
figures-most-before = 9 von 10 in { $most } · davor { $before }
figures-open-before = { $open } noch offen · davor { $before }
figures-half-taken = Bis zur Übernahme, Hälfte in
figures-half-answer = Bis zur Antwort, Hälfte in
figures-until-taken = Bis jemand übernimmt
figures-until-answer = Bis zur Antwort an die Person
figures-clock-time = Uhrzeit, Nächte und Wochenenden mitgezählt
figures-share-what = Anteil der beantworteten Anfragen, nach Tag des Eingangs
figures-half-short = Hälfte
figures-most-short = 9 von 10
figures-chart-share = Rechtzeitig beantwortet im Verlauf, zusammen { $value }; alle Werte stehen in der Tabelle
figures-chart-taken = Zeit bis zur Übernahme im Verlauf, zusammen Hälfte in { $value }; alle Werte stehen in der Tabelle
figures-chart-answer = Zeit bis zur Antwort im Verlauf, zusammen Hälfte in { $value }; alle Werte stehen in der Tabelle
figures-chart-bars = Rechtzeitig nach { $by }
figures-bars-what = Die mit den meisten Anfragen; alle Werte stehen in der Tabelle
figures-line-table = Verlauf als Tabelle
figures-title-by = Nach { $by }
figures-more = { $count ->
    [one] eine weitere Zeile
   *[other] { $count } weitere Zeilen
}
figures-notes = Gezählt wird am Tag des Eingangs. Zusammengeführte Anfragen zählen einmal; gelöschte bleiben in den Zahlen, ohne Personenbezug. Zeiten stimmen auf 5 % genau. Gezählt werden Anfragen und Stellen, nie Personen.

figures-step-day = Tag
figures-step-week = Woche
figures-step-month = Monat
figures-table = Tabelle
figures-by-all = Verlauf
figures-by-service = Dienst
figures-by-category = Thema
figures-by-municipality = Kommune
figures-by-contact = 2nd Level
figures-by-origin = Eingangsweg
figures-name = Bezeichnung
figures-key = Kennung
figures-requests = Anfragen
figures-received = Eingegangen
figures-answered = Beantwortet
figures-in-time = Rechtzeitig beantwortet
figures-late = Zu spät
figures-share = Rechtzeitig in %
figures-share-short = Rechtzeitig
figures-escalated = Eskaliert
figures-returned = Zurückgegeben
figures-rejected = Abgelehnt
figures-open = Offen
figures-taken-short = Übernahme, Median
figures-answer-short = Antwort, Median
figures-p90-short = p90
figures-taken-median = Übernahme Median (Minuten)
figures-taken-p90 = Übernahme p90 (Minuten)
figures-answer-median = Antwort Median (Minuten)
figures-answer-p90 = Antwort p90 (Minuten)
