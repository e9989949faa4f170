# Unbestätigte Anfragen aus dem Online-Formular.
nav-unconfirmed = Unbestätigt
unconfirmed-lead = Im Online-Formular geschrieben, die Mail-Adresse ist noch nicht bestätigt. Das ist noch keine Arbeit: Nach der Bestätigung kommt die Anfrage von selbst in die Liste.
unconfirmed-none = Hier wartet nichts. Alles, was geschrieben wurde, ist bestätigt.
unconfirmed-until = wird gelöscht
unconfirmed-files = { $count ->
    [one] eine Datei
   *[other] { $count } Dateien
}
unconfirmed-take = Trotzdem aufnehmen
unconfirmed-discard = Verwerfen …
unconfirmed-discard-now = Verwerfen und löschen
unconfirmed-reason = Warum wird nichts daraus?
unconfirmed-no-reason = Schreiben Sie, warum nichts daraus wird, zum Beispiel: Werbung.
unconfirmed-more = Weitere
done-unconfirmed-discarded = Die Anfrage ist verworfen; was geschrieben wurde, ist gelöscht.
