# Gaps, the dry run, imports.
severity-blocks = hindert jetzt
severity-soon = hindert bald
severity-note = Hinweis
gaps-severity = Schwere
gaps-kind = Was fehlt
gaps-count-blocks = { $count ->
    [one] 1 hindert jetzt
   *[other] { $count } hindern jetzt
}
gaps-count-soon = { $count ->
    [one] 1 hindert bald
   *[other] { $count } hindern bald
}
gaps-count-note = { $count ->
    [one] 1 Hinweis
   *[other] { $count } Hinweise
}
gaps-none = Keine Lücke, wo Anschlüsse startklar oder in Betrieb sind.
gaps-left-out = Hier nicht geprüft:
gaps-left-draft = { $count ->
    [one] 1 Anschluss in Vorbereitung
   *[other] { $count } Anschlüsse in Vorbereitung
}
gaps-left-suspended = { $count ->
    [one] 1 ausgesetzter Anschluss
   *[other] { $count } ausgesetzte Anschlüsse
}
gaps-none-so = So fehlt nichts.
gaps-next = Wer bekäme eine Anfrage?
gaps-cut = Es gibt mehr Anschlüsse, als auf einmal geprüft werden. Grenzen Sie ein; die Tabelle (CSV) enthält alles.
gap-no-central = Zentrale Stelle
gap-no-technical = Technischer Kontakt
gap-no-functional = Fachlicher Kontakt
gap-no-emergency = Notfallkontakt
gap-no-project-lead = Projektleitung
gap-no-specialist-procedure = Fachverfahren
gap-no-data-protection = Datenschutz
gap-no-data-processor = Datenverarbeitung
gap-unconfirmed = Kontakt nicht bestätigt
gap-stale = Bestätigung veraltet
gap-disputed = Angaben bestritten
gap-bounced = Mail kommt zurück
gap-absent-without-deputy = Abwesend ohne Vertretung
gap-deputy-unavailable = Vertretung verhindert
gap-change-failed = Geplante Änderung gescheitert
gap-unreachable = Kontakt nicht erreichbar
gap-webhook-disabled = Webhook abgeschaltet
gap-emergency-in-hours-only = Notfall nur tagsüber
gap-emergency-without-phone = Notfall ohne Telefon
gap-no-channel = Hilfe-Kanal
gap-no-agreement = Kooperationsvereinbarung
gap-no-adoption = Anschluss
gap-not-in-115 = Nicht im 115-Verbund
gap-checklist = Checkliste
close-name = Jemanden eintragen
close-channel = Kanal eintragen
close-adoption = Anschluss anlegen
close-point = Punkt bearbeiten
close-agreement = Vereinbarung eintragen
close-ask = Um Bestätigung bitten
close-deputy = Vertretung eintragen
close-plan = Planung ansehen
close-webhook = Webhook prüfen
close-mail = Mail-Adresse berichtigen
close-phone = Telefon eintragen
close-contact = Kontakt berichtigen
who-what = Niemand wird gefragt, nichts wird geändert.
who-kind = Art der Frage
who-at = Tag und Uhrzeit
who-at-hint = Auch vergangene Tage: dann gilt, was damals im Verzeichnis stand.
who-priority = Dringlichkeit
who-p1 = P1: Ausfall für alle
who-p2 = P2: viele kommen nicht weiter
who-p3 = P3: eine Person kommt nicht weiter
who-p4 = P4: ein Wunsch
who-as-if-live = Auch wenn der Anschluss noch nicht in Betrieb ist
who-ask = Zeigen
who-empty = Wählen Sie links Dienst und Ort. Hier steht dann die Kette: wer gefragt würde, warum, und ab wann wer als Nächstes.
who-title = { $service } in { $place }, { $when }
who-past = Ein vergangener Tag: Zuständig ist, wer damals eingetragen war. Servicezeiten sind die von heute.
who-nobody = Eine Eskalation wäre nicht möglich. Tragen Sie jemanden ein.
who-from = Gefragt: { $when }.
who-until = Zeit zum Übernehmen bis { $when }.
who-why = Wie sich das rechnet
who-end = Übernimmt niemand bis { $when }, hören zentrale Stelle und Notfallkontakt davon.
who-skipped = Übergangen
fault-who-early = So weit zurück ist von diesem Dienst nichts bekannt. Wählen Sie einen späteren Tag.
imports-what = Jede Datei wird erst angesehen: Zeile für Zeile steht da, was sich ändern würde. Danach alles oder nichts.
import-kontakte = Kontakte aus einer Tabelle
import-kontakte-what = CSV oder XLSX. Was in der Datei nicht steht, bleibt.
import-kanaele = Hilfe-Kanäle aus einer Tabelle
import-kanaele-what = CSV oder XLSX. Was in der Datei nicht steht, bleibt.
import-gemeinden = Gemeinden aus dem amtlichen Verzeichnis
import-gemeinden-what = CSV mit ars, ags, name, land, kreis, gemeindeverband, typ, plz_sitz in dieser Reihenfolge; land ist der Name oder das Kürzel, etwa Schleswig-Holstein oder SH. Neue und geänderte Gemeinden; was nicht genannt ist, bleibt.
import-zusammenschluesse = Zusammenschlüsse von Gemeinden
import-zusammenschluesse-what = CSV oder XLSX mit old_ars, new_ars, valid_on. Anschlüsse, Rechte und Anfragen ziehen mit um.
import-postleitzahlen = Alle Postleitzahlen der Kommunen
import-postleitzahlen-what = CSV oder XLSX mit plz und ars oder ags. Die Datei ist die ganze Liste; was nicht genannt ist, entfällt.
import-file = Datei
import-file-hint = Höchstens 5 MiB
import-choose = Datei wählen
import-other = Andere Datei
import-look = Ansehen
import-look-what = Zeigt, was die Datei ändern würde. Geändert wird noch nichts.
import-template = Vorlage laden
import-preview = Vorschau
import-was = Was geändert wurde
import-do = Jetzt einlesen
import-do-what = Alle Zeilen oder keine, genau wie hier gezeigt.
import-done = Eingelesen.
import-nothing = Nichts zu tun: Es steht schon alles so da.
import-not-yet = So lässt sich die Datei nicht einlesen. Berichtigen Sie die Fehler, und sehen Sie die Datei noch einmal an.
import-row = Zeile
import-key = Worum es geht
import-action = Wird
import-details = Im Einzelnen
import-left = und { $count } weitere
import-count-new = { $count } neu
import-count-changed = { $count } geändert
import-count-renamed = { $count } umbenannt
import-count-moved = { $count } in anderem Kreis oder Verband
import-count-revived = { $count } wieder in Gebrauch
import-count-gone = { $count } entfallen
import-count-unchanged = { $count } unverändert
import-count-faulty = { $count } fehlerhaft
row-new = neu
row-changed = geändert
row-unchanged = unverändert
row-fault = Fehler
register-merged = { $count ->
    [one] 1 geht in einer anderen auf
   *[other] { $count } gehen in anderen auf
}
register-merger = { $old } → { $new }, seit { $day }
register-gone = { $count ->
    [one] 1 steht nicht mehr im Verzeichnis
   *[other] { $count } stehen nicht mehr im Verzeichnis
}
register-unnamed = { $count ->
    [one] 1 weitere Kommune in den Ländern der Liste ist nicht genannt und bleibt.
   *[other] { $count } weitere Kommunen in den Ländern der Liste sind nicht genannt und bleiben.
}
register-added = { $count ->
    [one] 1 ist neu
   *[other] { $count } sind neu
}
register-renamed = { $count ->
    [one] 1 heißt anders
   *[other] { $count } heißen anders
}
register-moved = { $count ->
    [one] 1 liegt anders
   *[other] { $count } liegen anders
}
register-changed = { $count ->
    [one] 1 hat einen anderen Typ oder eine andere Postleitzahl des Sitzes
   *[other] { $count } haben einen anderen Typ oder eine andere Postleitzahl des Sitzes
}
register-revived = { $count ->
    [one] 1 war außer Gebrauch und steht wieder im Verzeichnis
   *[other] { $count } waren außer Gebrauch und stehen wieder im Verzeichnis
}
register-candidates = (vielleicht: { $names })
register-ends = Was nicht mehr im Verzeichnis steht, nimmt keine neuen Anfragen mehr an.
fault-file = Wählen Sie eine Datei.
fault-import-changed = Datei oder Verzeichnis haben sich seit der Vorschau geändert. Sehen Sie die Datei noch einmal an.
import-at-row = Zeile { $row }
import-ars-or-ags = ars oder ags
import-fault-slug = Nehmen Sie 1 bis 64 kleine Buchstaben, Ziffern und Striche, etwa kiel-meldewesen.
import-fault-id-missing = Hier fehlt ein kurzer Name, der bleibt, etwa kiel-meldewesen.
import-fault-twice = { $one } steht schon in Zeile { $two }. Lassen Sie eine der beiden weg.
import-fault-taken = { $one } ist vergeben, auch wenn der Kontakt beendet ist. Nehmen Sie eine andere Kennung.
import-fault-missing = Hier fehlt etwas. Füllen Sie die Spalte aus.
import-fault-itself = Nennen Sie jemand anderen als den Kontakt selbst.
import-fault-no-contact = Den Kontakt { $one } gibt es nicht. Legen Sie ihn vorher an, oder in einer Zeile dieser Datei.
import-fault-away = { $one } ist selbst die ganze Zeit abwesend. Nennen Sie jemand anderen oder andere Tage.
import-fault-outside = Abwesend ist der Kontakt an Tagen, an denen er gar nicht zuständig ist. Berichtigen Sie die Tage.
import-fault-disclosure = Der Kontakt sähe, wer gefragt hat. Das darf nur festlegen, wer das selbst sehen darf.
import-fault-emptied = Das darf nicht leer werden.
import-fault-flag = Schreiben Sie ja oder nein.
import-fault-day = Das ist kein Tag. Schreiben Sie ihn wie 24.11.2026.
import-fault-region = Nehmen Sie die ersten 2, 3, 5, 9 oder alle 12 Ziffern eines Regionalschlüssels.
import-fault-no-region = In der Region { $one } liegt keine Kommune. Prüfen Sie die Ziffern.
import-fault-not-own = Die Region muss in Ihren liegen: { $one }
import-fault-shared = Diesen Kontakt teilen sich alle. Ihn ändert nur, wer überall ändern darf.
import-fault-foreign = Kontakte der Region { $one } dürfen Sie nicht ändern.
import-fault-mail = Das ist keine Mail-Adresse.
import-fault-phone = Das ist keine Telefonnummer. Nehmen Sie Ziffern, etwa +49 431 901-0.
import-fault-notify = Schreiben Sie sofort, stündlich oder täglich mit einer Uhrzeit, etwa täglich 07:30.
import-fault-hours = „{ $one }“ ist nicht zu verstehen. Schreiben Sie die Zeiten wie Mo-Fr 08:00-18:00; PH off.
import-fault-long = Das sind { $one } Zeichen. Höchstens { $two } gehen.
import-fault-signs = Das hat unlesbare Zeichen. Schreiben Sie es neu.
import-fault-until = Der letzte Tag liegt vor dem ersten.
import-fault-kind = „{ $one }“ gibt es nicht. Nehmen Sie 115, Telefon, E-Mail oder Webseite.
import-fault-no-channel = Diesen Kanal gibt es nicht. Lassen Sie die Zelle für einen neuen leer.
import-fault-moves = Bei diesem Kanal ist das { $one }. Ein Kanal zieht nicht um.
import-fault-not-here = Diesen Kanal dürfen Sie nicht ändern.
import-fault-no-place = Für den Dienst { $two } dürfen Sie bei der Kommune { $one } nichts ändern, oder es gibt sie nicht.
import-fault-no-adoption = { $one } nutzt { $two } nicht. Legen Sie zuerst den Anschluss an.
import-fault-place-missing = Das fehlt. Eine Zeile ohne Kennung braucht Dienst und ARS.
import-fault-ars = Nehmen Sie einen Regionalschlüssel mit 12 Ziffern, etwa 010020000000.
import-fault-address = Bei dieser Art muss das angegeben sein.
import-fault-url = Hier fehlt eine Adresse, die mit https:// beginnt.
import-fault-language = „{ $one }“ ist kein Kürzel einer Sprache. Schreiben Sie de, en oder tr.
import-fault-same = Die Zeilen { $one } und { $two } zeigen dieselbe Adresse an denselben Tagen. Beenden Sie eine, bevor die andere beginnt.
import-fault-same-channel = Ein vorhandener Kanal zeigt dieselbe Adresse an denselben Tagen. Beenden Sie einen, bevor der andere beginnt.
import-fault-heading = „{ $one }“ ist keine bekannte Überschrift. Bekannt sind { $two }.
import-fault-heading-twice = „{ $one }“ steht zweimal da. Lassen Sie eine Spalte weg.
import-fault-no-column = Die Spalte { $one } fehlt.
import-fault-no-heading = Hier steht etwas ohne Überschrift darüber. Leeren Sie die Zelle.
import-fault-nothing = Die Datei enthält keine Zeilen.
import-fault-text = Die Zeichen sind nicht lesbar. Speichern Sie die Datei als CSV UTF-8 oder XLSX.
import-fault-sheet = Die Tabelle lässt sich nicht lesen. Speichern Sie sie als XLSX ohne Kennwort oder als CSV UTF-8.
import-fault-windows = Als Windows-1252 gelesen, weil es nicht UTF-8 ist. Prüfen Sie die Umlaute.
import-fault-empty = Die Datei ist leer.
import-fault-large = Die Datei ist zu groß. Teilen Sie sie.
import-fault-rows = Die Datei hat mehr als { $one } Zeilen. Teilen Sie sie.
import-fault-list-large = Die Datei ist zu groß. Speichern Sie sie als CSV, nur mit plz und ars oder ags. Es muss die ganze Liste bleiben.
import-fault-list-rows = Die Datei hat mehr als { $one } Zeilen. So lang ist keine Liste der Postleitzahlen. Prüfen Sie, ob es die richtige Datei ist.
import-fault-columns = Hier stehen mehr als { $one } Spalten. Lassen Sie welche weg.
import-fault-cell = Eine Zelle hat mehr als { $one } Zeichen. Kürzen Sie sie.
import-fault-unreadable = Das lässt sich nicht lesen. Speichern Sie die Datei noch einmal als CSV UTF-8.
import-fault-utf8 = Die Datei ist nicht UTF-8. Speichern Sie sie als CSV UTF-8.
import-fault-form = Das eigene Formular gehört zur Art Webseite. Die Internetadresse bleibt dann leer.
import-fault-first-line = Die erste Zeile muss so lauten: { $one }
import-fault-other-columns = Die Zeile hat { $one } Spalten statt 8. Setzen Sie Namen mit einem Komma in Anführungszeichen.
import-fault-line-twice = { $one } steht zweimal da. Lassen Sie eine der Zeilen weg.
import-fault-ags = Nehmen Sie einen Gemeindeschlüssel mit 8 Ziffern, etwa 01002000.
import-fault-other-ags = Zum Regionalschlüssel gehört { $one }. Berichtigen Sie einen von beiden.
import-fault-land = Nehmen Sie den Namen eines der 16 Länder oder sein Kürzel, etwa Schleswig-Holstein oder SH.
import-fault-other-land = Ein Regionalschlüssel, der mit { $one } beginnt, liegt in einem anderen Land.
import-fault-seat-code = Nehmen Sie eine Postleitzahl mit 5 Ziffern, oder lassen Sie das Feld leer.
import-fault-postal-code = Nehmen Sie eine Postleitzahl mit 5 Ziffern. Machen Sie die Spalte in einer Tabelle zu Text, damit eine 0 vorn bleibt.
import-fault-no-municipality = Zu diesem Schlüssel gibt es keine Kommune. Lesen Sie zuerst das amtliche Verzeichnis ein, oder lassen Sie die Zeile weg.
import-fault-merged-twice = { $one } steht schon in Zeile { $two }. Was auf mehrere aufgeteilt wurde, zieht nicht um. Lassen Sie es weg.
import-fault-no-successor = { $one } ist keine Kommune, in die etwas umziehen kann. Nennen Sie eine, die es jetzt gibt.
import-fault-ahead = Dieser Tag kommt erst noch. Lesen Sie die Zeile an diesem Tag oder später ein.
import-fault-chained = { $one } fällt durch eine andere Zeile selbst weg. Nennen Sie die Kommune, die am Ende da ist.
