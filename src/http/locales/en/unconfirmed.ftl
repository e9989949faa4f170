# Unconfirmed requests of the public form.
nav-unconfirmed = Unconfirmed
unconfirmed-lead = Written in the public form, the mail address is not confirmed yet. This is no work yet: once confirmed, a request comes into the list by itself.
unconfirmed-none = Nothing waits here. Everything that was written is confirmed.
unconfirmed-until = will be deleted
unconfirmed-files = { $count ->
    [one] one file
   *[other] { $count } files
}
unconfirmed-take = Take it up anyway
unconfirmed-discard = Discard …
unconfirmed-discard-now = Discard and delete
unconfirmed-reason = Why will nothing become of it?
unconfirmed-no-reason = Write why nothing becomes of it, such as: advertising.
unconfirmed-more = More
done-unconfirmed-discarded = The request is discarded; what was written is deleted.
