# What stands on every page.
skip = Zum Inhalt springen
nav = Hauptmenü
nav-adoptions = Anschlüsse
nav-people = Personen
nav-audit = Protokoll
nav-account = Ihr Konto: { $name }
log-in = Anmelden
log-in-again = Wieder anmelden
log-out = Abmelden
title-fault = Fehler
faults = Das hat noch nicht geklappt:
optional = Optional
cancel = Abbrechen
search = Suchen
yes = ja
no = nein
never = noch nie
today-at = heute, { $time }
yesterday-at = gestern, { $time }

# The first page.
start-title = Hilfe zu Online-Diensten
start-lead = Lotse bringt Hilfeanfragen zu Online-Diensten der Verwaltung zu den Menschen, die sie beantworten können, und die Antwort zurück.
start-staff = Für Sie
start-log-in = Anmelden
start-account = Ihr Konto: Passwort, zweiter Faktor, Anmeldungen, Tokens
start-adoptions = Anschlüsse: welche Kommune welchen Dienst nutzt und was noch fehlt
start-deadlines = Fristen: warum etwas wann fällig ist, und der Knopf für den Notfall
start-people = Personen und ihre Rollen
start-audit = Protokoll: wer was getan hat
start-systems = Für Fachverfahren und Betrieb
start-docs = Schnittstelle ansehen und ausprobieren
start-openapi = Beschreibung der Schnittstelle (OpenAPI)
start-example = Beispiel: Wer kann mir helfen?
start-ready = Ist der Dienst bereit?
start-development = Entwicklung
start-mails = Gesendete Mails
start-webhooks = Empfangene Webhooks

# The table of rights in words.
role-agent = 1st Level
role-central = Zentrale Ansprechstelle
role-second_level = 2nd Level
role-directory_editor = Pflege des Verzeichnisses
role-project_lead = Projektleitung
role-data_protection = Datenschutz
role-auditor = Revision
role-admin = Betrieb
channel-115 = 115
channel-phone = Telefon
channel-email = E-Mail
channel-web = Web-Formular
scope-everywhere = überall
scope-region = Region { $region }
scope-contact = für Kontakt { $contact }
