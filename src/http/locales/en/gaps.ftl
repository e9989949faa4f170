# Gaps, the dry run, imports.
severity-blocks = blocks now
severity-soon = blocks soon
severity-note = note
gaps-severity = How bad
gaps-kind = What is missing
gaps-count-blocks = { $count ->
    [one] 1 blocks now
   *[other] { $count } block now
}
gaps-count-soon = { $count ->
    [one] 1 blocks soon
   *[other] { $count } block soon
}
gaps-count-note = { $count ->
    [one] 1 note
   *[other] { $count } notes
}
gaps-none = No gap where adoptions are ready or live.
gaps-left-out = Not looked through here:
gaps-left-draft = { $count ->
    [one] 1 adoption in preparation
   *[other] { $count } adoptions in preparation
}
gaps-left-suspended = { $count ->
    [one] 1 suspended adoption
   *[other] { $count } suspended adoptions
}
gaps-none-so = Nothing is missing like that.
gaps-next = Who would get a request?
gaps-cut = There are more adoptions than are looked through at a time. Narrow the list; the table (CSV) holds all.
gap-no-central = Central contact
gap-no-technical = Technical contact
gap-no-functional = Functional contact
gap-no-emergency = Emergency contact
gap-no-project-lead = Project lead
gap-no-specialist-procedure = Specialist procedure
gap-no-data-protection = Data protection
gap-no-data-processor = Data processor
gap-unconfirmed = Contact not confirmed
gap-stale = Confirmation is stale
gap-disputed = Contact says it is wrong
gap-bounced = Mail comes back
gap-absent-without-deputy = Away without a deputy
gap-deputy-unavailable = Deputy unavailable
gap-change-failed = Planned change failed
gap-unreachable = Contact cannot be reached
gap-webhook-disabled = Webhook disabled
gap-emergency-in-hours-only = Emergency by day only
gap-emergency-without-phone = Emergency without telephone
gap-no-channel = Help channel
gap-no-agreement = Cooperation agreement
gap-no-adoption = Adoption
gap-not-in-115 = Not in the 115 network
gap-checklist = Checklist
close-name = Name somebody
close-channel = Add a channel
close-adoption = Make the adoption
close-point = Work on the point
close-agreement = Enter the agreement
close-ask = Ask for confirmation
close-deputy = Name a deputy
close-plan = See the plan
close-webhook = Check the webhook
close-mail = Correct the mail address
close-phone = Enter a telephone
close-contact = Correct the contact
who-what = Nobody is asked, nothing is changed.
who-kind = Kind of question
who-at = Day and time
who-at-hint = Past days too: then what the directory said at that time holds.
who-priority = How urgent
who-p1 = P1: down for all
who-p2 = P2: many are stuck
who-p3 = P3: one person is stuck
who-p4 = P4: a wish
who-as-if-live = Also if the adoption is not live yet
who-ask = Show
who-empty = Choose service and place. Then the chain stands here: who would be asked, why, and from when who is next.
who-title = { $service } in { $place }, { $when }
who-past = A past day: in charge is who was entered then. Service hours are those of today.
who-nobody = An escalation would not be possible. Name somebody.
who-from = Asked: { $when }.
who-until = Time to take it until { $when }.
who-why = How this is reckoned
who-end = If nobody takes it until { $when }, the central contact and the emergency contact are told.
who-skipped = Passed over
fault-who-early = Nothing is known of this service so long ago. Choose a later day.
imports-what = Every file is looked at first: row by row it is said what would change. Then all or nothing.
import-kontakte = Contacts from a table
import-kontakte-what = CSV or XLSX. What the file does not name stays.
import-kanaele = Help channels from a table
import-kanaele-what = CSV or XLSX. What the file does not name stays.
import-gemeinden = Municipalities from the official list
import-gemeinden-what = CSV with ars, ags, name, land, kreis, gemeindeverband, typ, plz_sitz in this order; land is the name or the code, such as Schleswig-Holstein or SH. New and changed municipalities; what is not named stays.
import-zusammenschluesse = Mergers of municipalities
import-zusammenschluesse-what = CSV or XLSX with old_ars, new_ars, valid_on. Adoptions, rights and requests move along.
import-postleitzahlen = All postal codes of the municipalities
import-postleitzahlen-what = CSV or XLSX with plz and ars or ags. The file is the whole list; what is not named goes.
import-file = File
import-file-hint = At most 5 MiB
import-choose = Choose a file
import-other = Another file
import-look = Look at it
import-look-what = Shows what the file would change. Nothing is changed yet.
import-template = Get a template
import-preview = Preview
import-was = What was changed
import-do = Import now
import-do-what = All rows or none, just as shown here.
import-done = Imported.
import-nothing = Nothing to do: everything is so already.
import-not-yet = The file cannot be taken like this. Put the faults right and look at the file again.
import-row = Row
import-key = What it is about
import-action = Becomes
import-details = In detail
import-left = and { $count } more
import-count-new = { $count } new
import-count-changed = { $count } changed
import-count-renamed = { $count } renamed
import-count-moved = { $count } moved
import-count-revived = { $count } in use again
import-count-gone = { $count } gone
import-count-unchanged = { $count } unchanged
import-count-faulty = { $count } with faults
row-new = new
row-changed = changed
row-unchanged = unchanged
row-fault = fault
register-merged = { $count ->
    [one] 1 becomes part of another
   *[other] { $count } become part of others
}
register-merger = { $old } → { $new }, since { $day }
register-gone = { $count ->
    [one] 1 stands in the list no more
   *[other] { $count } stand in the list no more
}
register-unnamed = { $count ->
    [one] 1 more municipality in the Länder of the list is not named and stays.
   *[other] { $count } more municipalities in the Länder of the list are not named and stay.
}
register-added = { $count ->
    [one] 1 is new
   *[other] { $count } are new
}
register-renamed = { $count ->
    [one] 1 has another name
   *[other] { $count } have another name
}
register-moved = { $count ->
    [one] 1 lies elsewhere
   *[other] { $count } lie elsewhere
}
register-changed = { $count ->
    [one] 1 has another type or another postal code of its seat
   *[other] { $count } have another type or another postal code of their seat
}
register-revived = { $count ->
    [one] 1 was out of use and stands in the list again
   *[other] { $count } were out of use and stand in the list again
}
register-candidates = (perhaps: { $names })
register-ends = What stands in the list no more takes no new requests.
fault-file = Choose a file.
fault-import-changed = The file or the directory has changed since the preview. Look at the file again.
import-at-row = row { $row }
import-ars-or-ags = ars or ags
import-fault-slug = Take 1 to 64 small letters, digits and dashes, such as kiel-meldewesen.
import-fault-id-missing = A short name that stays is missing, such as kiel-meldewesen.
import-fault-twice = { $one } stands in row { $two } already. Leave one of the two out.
import-fault-taken = { $one } is taken, also if its contact was ended. Take another id.
import-fault-missing = Something is missing here. Fill in the column.
import-fault-itself = Name somebody else than the contact itself.
import-fault-no-contact = There is no contact { $one }. Make it first, or in a row of this file.
import-fault-away = { $one } is away all that time too. Name somebody else or other days.
import-fault-outside = The contact is away on days on which it is not there at all. Put the days right.
import-fault-disclosure = The contact would see who asked. Only who may see that may set it.
import-fault-emptied = This cannot be emptied.
import-fault-flag = Write ja or nein.
import-fault-day = This is no day. Write it like 24.11.2026.
import-fault-region = Take the first 2, 3, 5, 9 or all 12 digits of a regional key.
import-fault-no-region = No municipality lies in the region { $one }. Look at the digits.
import-fault-not-own = The region must lie within yours: { $one }
import-fault-shared = All regions share this contact. Only who may change everything may change it.
import-fault-foreign = You may not change contacts of the region { $one }.
import-fault-mail = This is no mail address.
import-fault-phone = This is no telephone number. Take digits, such as +49 431 901-0.
import-fault-notify = Write sofort, stündlich or täglich with a time, such as täglich 07:30.
import-fault-hours = “{ $one }” cannot be understood. Write hours like Mo-Fr 08:00-18:00; PH off.
import-fault-long = These are { $one } characters. At most { $two } are kept.
import-fault-signs = This has unreadable signs. Write it anew.
import-fault-until = The last day lies before the first.
import-fault-kind = There is no “{ $one }”. Take 115, Telefon, E-Mail or Webseite.
import-fault-no-channel = There is no such channel. Leave the cell empty for a new one.
import-fault-moves = For this channel it is { $one }. A channel does not move.
import-fault-not-here = You may not change this channel.
import-fault-no-place = You may not change { $two } in the municipality { $one }, or there is none.
import-fault-no-adoption = { $one } does not use { $two }. Make the adoption first.
import-fault-place-missing = This is missing. A row without an id needs service and ARS.
import-fault-ars = Take a regional key of 12 digits, such as 010020000000.
import-fault-address = With this kind it must be given.
import-fault-url = An address that begins with https:// is missing.
import-fault-language = “{ $one }” is no language tag. Write de, en or tr.
import-fault-same = Rows { $one } and { $two } show the same address on the same days. End one before the other begins.
import-fault-same-channel = A channel that is there shows the same address on the same days. End one before the other begins.
import-fault-heading = “{ $one }” is no known heading. Known are { $two }.
import-fault-heading-twice = “{ $one }” stands twice. Leave one column out.
import-fault-no-column = The column { $one } is missing.
import-fault-no-heading = Something stands under no heading. Empty the cell.
import-fault-nothing = The file holds no rows.
import-fault-text = The signs cannot be read. Save the file as CSV UTF-8 or XLSX.
import-fault-sheet = The spreadsheet cannot be read. Save it as XLSX without a password, or as CSV UTF-8.
import-fault-windows = Read as Windows-1252, because it is not UTF-8. Look at the umlauts.
import-fault-empty = The file is empty.
import-fault-large = The file is too large. Split it.
import-fault-rows = The file has more than { $one } rows. Split it.
import-fault-list-large = The file is too large. Save it as CSV with plz and ars or ags alone. It must stay the whole list.
import-fault-list-rows = The file has more than { $one } rows. No list of postal codes is so long. Look whether it is the right file.
import-fault-columns = There are more than { $one } columns here. Leave some out.
import-fault-cell = A cell has more than { $one } characters. Shorten it.
import-fault-unreadable = This cannot be read. Save the file once more as CSV UTF-8.
import-fault-utf8 = The file is not UTF-8. Save it as CSV UTF-8.
import-fault-form = The own form belongs to the kind Webseite. The address stays empty then.
import-fault-first-line = The first line must be: { $one }
import-fault-other-columns = The line has { $one } columns instead of 8. Put names that hold a comma in quotation marks.
import-fault-line-twice = { $one } stands twice. Leave one of the lines out.
import-fault-ags = Take a municipality key of 8 digits, such as 01002000.
import-fault-other-ags = To the regional key belongs { $one }. Put one of the two right.
import-fault-land = Take the name of one of the 16 Länder or its code, such as Schleswig-Holstein or SH.
import-fault-other-land = A regional key that begins with { $one } lies in another Land.
import-fault-seat-code = Take a postal code of 5 digits, or leave it empty.
import-fault-postal-code = Take a postal code of 5 digits. In a spreadsheet make the column text, so that a 0 in front stays.
import-fault-no-municipality = There is no municipality of this key. Import the official list first, or leave the row out.
import-fault-merged-twice = { $one } stands in row { $two } already. What was divided among several is not moved. Leave it out.
import-fault-no-successor = { $one } is no municipality to move to. Name one that is there now.
import-fault-ahead = This day is still to come. Import the row on that day or later.
import-fault-chained = { $one } is gone itself by another row. Name the municipality that is there in the end.
