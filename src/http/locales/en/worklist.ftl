# The list of work.
nav-worklist = Requests
start-worklist = Requests: { $open } open, { $overdue } overdue, { $unclaimed } not claimed by anybody yet, { $mine } yours
worklist-views = Views
worklist-view-open = All open
worklist-view-unclaimed = Unclaimed
worklist-view-mine = Mine
worklist-view-escalated = Escalated
worklist-view-waiting = Waiting for a reply
worklist-search = Search
worklist-search-label = Search requests
worklist-search-hint = Number or word
worklist-more-filters = More filters
worklist-narrow = Filter
worklist-narrowed = Narrowed to
worklist-without = Without { $filter }
worklist-service = Service
worklist-place = Place
worklist-place-typed = Place (name, postcode, ARS)
worklist-state = State
worklist-category = Topic
worklist-wish = Reply wanted
worklist-callbacks = Only callbacks
worklist-sort = Order
worklist-any = all
worklist-any-state = open
worklist-sort-due = Most urgent first
worklist-sort-ended = Earliest deadline first
worklist-sort-newest = Newest first
worklist-sorted-due = Most urgent first
worklist-sorted-ended = Earliest deadline first
worklist-sorted-newest = Newest first
worklist-summary = { $shown } of { $all } · as of { $at }
worklist-summary-more = { $shown } on this page, more follow · as of { $at }
worklist-summary-last = { $shown } on this page · as of { $at }
worklist-region = List of requests
worklist-choose = Select
worklist-choose-one = Select { $number }
worklist-choose-all = Select all
worklist-chosen = selected:
worklist-with-chosen = Selected:
worklist-due = Answer due
worklist-number = Number
worklist-subject = Request
worklist-service-place = Service and place
worklist-with = With
worklist-you = You
worklist-nobody = nobody
worklist-claim = Claim
worklist-claim-one = Claim { $number }
worklist-release = Release
worklist-close = Close …
worklist-emergency = Emergency (P1)
worklist-late = { $time } overdue
worklist-left = { $time } left
worklist-paused = Clock stands
worklist-ended = ended
worklist-since = since { $time }
worklist-person-since = person, since { $time }
worklist-unclaimed = unclaimed
worklist-at-specialists = with the specialists
worklist-acknowledged = Escalated, acknowledged
worklist-unacknowledged = Escalated, not acknowledged
worklist-asked-back = Question for you
worklist-next-step = next step { $time } · { $who }
worklist-last-step = last step, until { $time } · { $who }
worklist-returned = Returned
worklist-answered-back = 2nd level has answered
worklist-by-at = { $who }, { $time }
worklist-expired = Nobody acknowledged
worklist-minutes = { $count } min
worklist-hours = { $count } h
worklist-days = { $count ->
    [one] 1 day
   *[other] { $count } days
}
worklist-day-1 = Mon
worklist-day-2 = Tue
worklist-day-3 = Wed
worklist-day-4 = Thu
worklist-day-5 = Fri
worklist-day-6 = Sat
worklist-day-7 = Sun
worklist-pages = Pages
worklist-before = Previous requests
worklist-after = More requests
worklist-deadlines = Deadlines explained

# Where no row is.
worklist-none-open = Nothing is open
worklist-none-unclaimed = Somebody has claimed every open request
worklist-none-mine = Nothing of yours is open
worklist-none-escalated = Nothing is with the 2nd level
worklist-none-waiting = Nobody is being asked for details
worklist-nothing-open = New requests appear here by themselves.
worklist-others-have = The other open requests are being worked on.
worklist-free-left = { $count ->
    [one] 1 request is not claimed by anybody yet. It is due: { $due }, “{ $subject }”.
   *[other] { $count } requests are not claimed by anybody yet. The next one is due: { $due }, “{ $subject }”.
}
worklist-see-free = See unclaimed ones
worklist-see-open = See all open ones
worklist-all = Remove filters, see all open ones
worklist-none-found = There is no such request
worklist-none-found-next = Remove a filter, or search with fewer words. Requests that have ended are found by their state.
worklist-no-number = There is no such number, or it is not yours to see
worklist-no-number-next = Compare the number again; its last digit checks the others.

# What changes while one looks.
worklist-new = new requests, show them
worklist-new-one = new request, show it
worklist-came = New requests are in the list.
worklist-fresh = new
worklist-changed = changed just now
worklist-left-view = no longer in this view
worklist-loading = loading …
worklist-lost = No connection. The list shows the state of #.
worklist-safe = Nothing is lost, your selection stays.
worklist-try = Next try in # s.
worklist-try-now = Try now
worklist-back-again = The connection is back. The list is up to date.
worklist-logged-out = Your session has ended, or your rights have changed. The list shows the last state and changes no more.

# Keys.
worklist-foot = Selection and keys
worklist-keys = All keys, on/off
worklist-key-move = down and up
worklist-key-open = open
worklist-key-claim = claim
worklist-key-choose = select
worklist-key-view = view
worklist-key-views = view: all open, unclaimed, mine, escalated, waiting
worklist-key-search = search
worklist-key-new = show new requests
worklist-key-help = this overview
worklist-keys-on = Use single keys
worklist-keys-off-effect = When off, only Tab, Enter and Space do something. The choice holds in this browser until you change it.
worklist-dialog-close = Back to the list

# Many at once.
done-worklist-claimed = Claimed. You find the requests under “Mine”.
done-worklist-released = Released. Others can claim the requests now.
done-worklist-closed = Closed.
worklist-some-claimed = { $done } of { $all } claimed
worklist-some-released = { $done } of { $all } released
worklist-some-closed = { $done } of { $all } closed
worklist-nothing-chosen = Nothing selected
worklist-choose-first = Tick in the list what something is to be done with. Nothing was changed.
worklist-done = Done
worklist-not-done = Not done
worklist-to-list = Back to the list
worklist-gone = not found
worklist-not-yours = There is no such request, or it is not yours to see.
worklist-not-allowed = You may not do this with this request.
worklist-held = { $name } has this request. Talk to them, or have it released.
worklist-not-new = Not claimed yet. Claim it first.
worklist-is-closed = It is closed already.
worklist-is-now = No longer possible: its state is “{ $state }” now.
worklist-away = The database could not be reached. Try again in a minute.
worklist-fault = The fault lies with Lotse and is on record.
worklist-close-title = Close requests
worklist-close-open = { $count ->
    [one] 1 request is still open
   *[other] { $count } requests are still open
}
worklist-close-ended = { $count ->
    [one] 1 request is answered or refused already
   *[other] { $count } requests are answered or refused already
}
worklist-close-left = { $count ->
    [one] 1 request stays as it is
   *[other] { $count } requests stay as they are
}
worklist-close-how = How do the open ones end?
worklist-close-answer = All with this answer
worklist-close-reject = Refuse all, for this reason
worklist-close-text = What the persons read or hear
worklist-no-text = Write what the persons are told: 1 to 8,000 characters.
worklist-close-do = { $count ->
    [one] Close 1 request
   *[other] Close { $count } requests
}
worklist-close-none = None of them can be closed now.
worklist-will-close = is put away
worklist-will-answer = is ended and put away
worklist-will-withdraw = is ended and put away, its escalation withdrawn
worklist-told-email = { $count ->
    [one] 1 person gets the text by mail.
   *[other] { $count } persons get the text by mail.
}
worklist-told-phone = { $count ->
    [one] 1 person wants a call: call them; the text stands in the history.
   *[other] { $count } persons want a call: call them; the text stands in the history.
}
worklist-told-none = { $count ->
    [one] 1 person wants no answer; the text stands in the history only.
   *[other] { $count } persons want no answer; the text stands in the history only.
}
