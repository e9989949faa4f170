# Figures.
nav-figures = Figures
figures-period = Period
figures-month = Month
figures-quarter = Quarter
figures-year = Year
figures-before = before
figures-after = after
figures-days-between = { $from } to { $to }
figures-compared = compared with { $days }
figures-running = still running · { "" }
figures-ahead = not begun yet · { "" }
figures-narrow = Other days, narrow down
figures-from = From
figures-to = To
figures-region = Region
figures-region-hint = Beginning of the ARS: 01, 01002, …
figures-contact = 2nd level
figures-contact-hint = The contact's name or identifier
figures-any = all
figures-show = Show
figures-all = Show everything
figures-csv = Load as CSV
figures-xlsx = Load as XLSX
figures-none = No request that you may see came in during this period. Choose other days, or show everything.
figures-fault-day = This is no day. Write it like 2026-11-01.
figures-fault-days = Choose two days; the second must not be before the first, and at most five years after it.
figures-fault-region = This is no region. Write the first 2, 3, 5, 9 or all 12 digits of an ARS.

figures-percent = { $share } %
figures-minutes = { $time } min
figures-hours = { $time } h
figures-days = { $time } days
figures-week = W { $week }
figures-aim = Aim { $share } %
figures-aim-word = Aim 90 %
figures-aim-reached = Aim of { $share } % reached
figures-aim-missed = Aim of { $share } % missed
figures-then = before { $before }
figures-overdue-then = { $count ->
    [one] 1 open one is overdue
   *[other] { $number } open ones are overdue
} · answered ones before { $before }
figures-answered-only = Lines, bars and tables count only what is answered. Overdue open ones count in the large figure only, as late.
figures-open-list = Open requests, the most urgent first
figures-most-before = 9 of 10 in { $most } · before { $before }
figures-open-before = { $open } still open · before { $before }
figures-half-taken = Until taken, half in
figures-half-answer = Until answered, half in
figures-until-taken = Until somebody takes it
figures-until-answer = Until the person is answered
figures-clock-time = Clock time, nights and weekends included
figures-share-what = Share of the answered requests, by day of receipt
figures-half-short = Half
figures-most-short = 9 of 10
figures-chart-share = Answered in time over the period, together { $value }; all values stand in the table
figures-chart-taken = Time until taken over the period, half in { $value } altogether; all values stand in the table
figures-chart-answer = Time until answered over the period, half in { $value } altogether; all values stand in the table
figures-chart-bars = In time by { $by }
figures-bars-what = Those with most requests; all values stand in the table
figures-line-table = Over time, as a table
figures-title-by = By { $by }
figures-more = { $count ->
    [one] one more row
   *[other] { $count } more rows
}
figures-notes = Counted on the day of receipt. Merged requests count once; erased ones stay in the figures, without anything of a person. Times are right to within 5 %. Requests and offices are counted, never people.

figures-step-day = Day
figures-step-week = Week
figures-step-month = Month
figures-table = Table
figures-by-all = Over time
figures-by-service = service
figures-by-category = topic
figures-by-municipality = municipality
figures-by-contact = 2nd level
figures-by-origin = way in
figures-name = Name
figures-key = Key
figures-requests = Requests
figures-received = Received
figures-answered = Answered
figures-in-time = Answered in time
figures-late = Late
figures-share = In time in %
figures-share-short = In time
figures-escalated = Escalated
figures-returned = Returned
figures-rejected = Refused
figures-open = Open
figures-taken-short = Taken, median
figures-answer-short = Answer, median
figures-p90-short = p90
figures-taken-median = Taken median (minutes)
figures-taken-p90 = Taken p90 (minutes)
figures-answer-median = Answer median (minutes)
figures-answer-p90 = Answer p90 (minutes)
