# What stands on every page.
skip = Skip to content
nav = Main menu
nav-adoptions = Adoptions
nav-people = People
nav-audit = Audit log
nav-account = Your account: { $name }
log-in = Log in
log-in-again = Log in again
log-out = Log out
title-fault = Error
faults = This did not work yet:
optional = optional
cancel = Cancel
search = Search
yes = yes
no = no
never = never
today-at = today, { $time }
yesterday-at = yesterday, { $time }

# The first page.
start-title = Help with online services
start-lead = Lotse takes requests for help with public online services to the people who can answer them, and the answer back.
start-staff = For you
start-log-in = Log in
start-account = Your account: password, second factor, log-ins, tokens
start-adoptions = Adoptions: which municipality uses which service, and what is missing
start-deadlines = Deadlines: why something is due when, and the button for an emergency
start-people = People and their roles
start-audit = Audit log: who did what
start-systems = For other systems and operation
start-docs = See and try the interface
start-openapi = Description of the interface (OpenAPI)
start-example = Example: Who can help me?
start-ready = Is the service ready?
start-development = Development
start-mails = Mails sent
start-webhooks = Webhooks received

# The table of rights in words.
role-agent = 1st level
role-central = Central contact
role-second_level = 2nd level
role-directory_editor = Directory editor
role-project_lead = Project lead
role-data_protection = Data protection
role-auditor = Auditor
role-admin = Operations
channel-115 = 115
channel-phone = phone
channel-email = e-mail
channel-web = web form
scope-everywhere = everywhere
scope-region = region { $region }
scope-contact = for contact { $contact }
