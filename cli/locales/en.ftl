error = error
never = never
someone = someone
scan-code = { $kind }: { $about }{ $address } ({ $signature })
scan-nothing = { $file }: no code found. Closer, more light, or a straighter view may help.
signature-valid = signature valid
signature-unknown-authority = from an authority that is not followed here
signature-invalid = FORGED OR CHANGED: the signature is wrong
signature-expired = genuine, but expired
signature-none = not signed, or not checked here
kind-venue = Venue code
kind-rotating = Rotating venue code
kind-nz = New Zealand poster
kind-nhs = England and Wales poster
kind-cwa = German poster
kind-notifyme = Swiss poster
kind-ticket = Vaccination ticket
kind-dose-slip = Dose slip
kind-dcc = EU COVID certificate
kind-shc = SMART Health Card
kind-nzcp = New Zealand pass
kind-vds-nc = VDS-NC certificate
kind-status = Status pass
kind-pairing = Pairing code
kind-unknown = Not a code that Techo knows
verify-valid = VALID: { $kind }, issued by { $issuer }
verify-invalid = NOT VALID: { $kind }, which says it was issued by { $issuer }
verify-unknown = CANNOT TELL: { $kind }, which says it was issued by { $issuer }
verify-valid-unsaid = VALID: { $kind }
verify-invalid-unsaid = NOT VALID: { $kind }
verify-unknown-unsaid = CANNOT TELL: { $kind }
verify-nothing = NOTHING CHECKED
verify-no-document = NO CERTIFICATE: { $kind }
verify-holder = { $name }, born { $born }: compare with an identity document.
verify-compare = The name is to be compared with an identity document.
verify-revocations = Checked by the list of revoked passes of { $day }.
verify-no-revocations = No list of revoked passes is here: one that was revoked would be called valid too. `exposure fetch` brings it.
status-partly-vaccinated = partly vaccinated
status-vaccinated = vaccinated
status-field-status = Status
status-field-doses = Doses
status-field-last-dose = Last dose
status-field-valid-until = Valid until
status-field-name = Name
status-field-initials = Initials
verify-dose = Dose { $number }: { $date }, { $product }{ $lot }
verify-dose-of = { $number } of { $of }
verify-lot = , lot { $lot }
verify-test = Test of { $time }: { $result }
verify-detected = the virus was found (positive)
verify-not-detected = the virus was not found (negative)
verify-recovery = Recovered: first positive test on { $positive }; counts from { $from } until { $until }
checkin-done = Checked in: { $name }, { $in } to { $out }.
checkin-again = Here already, prolonged: { $name }, { $in } to { $out }.
checkin-ended = It ended your visit to { $name } at { $out } [{ $id }]. If you are there as well, say until when with: techo diary checkout
checkin-unknown-authority = Kept as an entry without warnings: the code is not from an authority that warns you here.
checkin-follow-nobody = Kept as an entry without warnings: you follow no authority yet. Add one with: techo trust add FILE
checkin-keys-end = This code opens warnings up to { $time } only. If you stay longer, scan the tablet again.
diary-line = {"  "}{ $from } to { $to }{ $until }  { $name }{ $address }{ $company }{ $warned }  [{ $id }]
diary-computed = {" "}(computed)
diary-with = , with { $names }
diary-not-warned = {" "}(no warnings)
diary-repair = {"      "}This visit ends before it begins, after edits on two devices. Set its times with: techo diary edit
diary-empty = No visits.
diary-newer = {"  "}One entry is from a newer version of Techo and is kept as it is. [{ $id }]
diary-damaged = Damaged and left out: { $row }
diary-added = Entered: { $name }, { $from } to { $to }. [{ $id }]
diary-changed = Changed: { $name }, { $from } to { $to }. [{ $id }]
diary-deleted = Deleted, and no longer to be opened by anyone with this profile: { $count }
diary-keep = Visits are kept for { $days ->
        [one] { $days } day
       *[other] { $days } days
    } and then destroyed.
diary-exported = Wrote { $count ->
        [one] { $count } visit
       *[other] { $count } visits
    } to { $file }. The file is readable: whoever has it has your diary, with the keys to its warnings.
diary-left-out = Left out, because a newer version of Techo wrote them: { $count }
diary-imported = Imported: { $added } new, { $already } here already, { $expired } too old, { $deleted } deleted here before.
diary-sent = Sent { $count ->
        [one] { $count } visit
       *[other] { $count } visits
    } to { $name }, sealed. Nothing else left this device.
exposure-fetched = { $name }: up to date, { $new ->
        [one] { $new } new list
       *[other] { $new } new lists
    }.
exposure-nothing-published = { $name }: has published nothing yet.
alert = { $state }: { $severity } at { $name }, { $day } { $from } to { $to }. { $there }
alert-within = You were there { $minutes ->
        [one] { $minutes } minute
       *[other] { $minutes } minutes
    } of it.
alert-after = You came after it, when it could still be caught, and were there for { $after ->
        [one] { $after } minute
       *[other] { $after } minutes
    } of that.
alert-within-and-after = You were there { $minutes ->
        [one] { $minutes } minute
       *[other] { $minutes } minutes
    } of it, and { $after ->
        [one] { $after } minute
       *[other] { $after } minutes
    } after it, when it could still be caught.
alert-withdrawn = { $state }: the authority took back its alert for { $name }, { $day } { $from } to { $to }. You need not act on it.
alert-ids = {"    "}visit { $visit }, notice { $notice }
alert-dismissed = Put away. It comes back only if the authority changes it.
state-new = NEW
state-seen = seen
state-revised = REVISED
state-withdrawn = WITHDRAWN
state-dismissed = dismissed
severity-caution = an exposure (watch for symptoms)
severity-cluster = a cluster (see a doctor whether or not you have symptoms)
exposure-nothing = Nothing found in lists up to { $time }.
exposure-nothing-stale = Nothing found in lists up to { $time }, but they are old. Fetch newer ones: techo exposure fetch
exposure-nobody-followed = You follow no authority yet, so nobody can warn you. Add one with: techo trust add FILE
exposure-no-lists = No list has come yet. Get them with: techo exposure fetch
list-fresh = Lists of { $name } up to { $as_of }.
list-stale = Lists of { $name } are old (up to { $as_of }).
list-never = No list of { $name } has come yet.
list-damaged = A part of the lists of { $name } is damaged on this disk. Get it again: techo exposure fetch
list-clock-wrong = Lists of { $name } were signed at { $as_of }, later than this machine's clock says it is now. Set the date and time.
trust-added = Following { $name }. Fingerprint { $fingerprint }: compare it with the authority's own.
trust-updated = The keys of { $name } are up to date. Fingerprint { $fingerprint }.
trust-expired = The trust list of { $name } ran out on { $day }. Ask for a newer one.
trust-none = You follow no authority yet. Add one with: techo trust add FILE
trust-line = { $name }, fingerprint { $fingerprint }, lists up to { $as_of } [{ $id }]
trust-line-never = { $name }, fingerprint { $fingerprint }, no list yet [{ $id }]
trust-bundle-line = Issuers’ keys “{ $name }”: { $keys ->
        [one] { $keys } key
       *[other] { $keys } keys
    }, { $archived } of them from the archive, as of { $day }, { $age ->
        [one] { $age } day
       *[other] { $age } days
    } ago
trust-revocations = Revoked passes of { $id }, as of { $day }, { $age ->
        [one] { $age } day
       *[other] { $age } days
    } ago
trust-removed = Not followed any more; its lists are gone.
status = { $visits ->
        [one] { $visits } visit
       *[other] { $visits } visits
    }, kept { $days ->
        [one] { $days } day
       *[other] { $days } days
    }. { $alerts ->
        [one] { $alerts } alert
       *[other] { $alerts } alerts
    }, { $unseen } not seen yet.
status-passphrase = The profile's key is under your passphrase.
status-no-passphrase = The profile's key is in a file that only this user can read. For more, make a profile with TECHO_PASSPHRASE set.
status-unfinished-deletion = The key of something that was deleted could not be destroyed yet: whoever takes this device could still read it. Free space on the disk, and run a command again.
status-erasure = When something is deleted, the key that could open it is replaced and the old one overwritten. A disk, a snapshot or a backup may keep an old copy of the key's file, though: here deletion is as sure as the disk is. Phones keep the key in hardware.
vaccine-person = { $name }, born { $born } [{ $id }]
vaccine-nobody = Nobody is entered yet. Add somebody with: techo vaccine person add NAME --born DATE
vaccine-merged = { $other } is { $name } from now on. Take it back with: techo vaccine person split
vaccine-removed = { $name } and all their records are gone.
vaccine-names = It names { $name }, born { $born }.
vaccine-partly-dated = The day of a dose is not known: it is shown, and not counted for the next one. Enter it with: techo vaccine dose add
vaccine-dose-partly-dated = { $name }: dose { $number } in { $date }, { $product }, lot { $lot }; its day is not known, so it is not counted
vaccine-kept = Kept for { $name }: { $kind }.
vaccine-already = Here already for { $name }: { $kind }.
vaccine-not-kept = Not kept: { $kind }.
vaccine-entered = Entered for { $name }: a dose on { $date }.
vaccine-another-name = The certificate names { $holder }, and not { $name }. Check whose it is.
vaccine-other-birth-date = The certificate names another birth date than that of { $name }. Check whose it is.
vaccine-in-another-record = This is in the record of { $name } already. Check whose it is.
vaccine-dose = { $name }: dose { $number } on { $date }, { $product }, lot { $lot }
vaccine-other = { $name }: { $kind } { $what } [{ $id }]
vaccine-requested = Request for { $name } written to { $file }. Give it to the municipality; add the pass that it issues with `vaccine add`.
vaccine-shown = { $file } shows { $fields } and nothing else. It counts until { $until }.
vaccine-shown-whole = { $file } shows the whole document: { $kind }. Whoever reads it sees all that it says.
vaccine-empty = No vaccine records yet. Add one with: techo vaccine add slip.png --person NAME
vaccine-recalled = RECALLED: the lot { $lot } of { $product } that { $name } had on { $date }.
vaccine-next = { $name }: dose { $dose } from { $earliest }, best on { $recommended } ({ $products })
vaccine-late-from = {"    "}late from { $overdue }
vaccine-late = {"    "}LATE since { $overdue }. It is still given, and nothing has to be begun anew.
vaccine-rule = {"    "}by the rule { $rule }, which holds since { $from } (schedule version { $version })
vaccine-schedule = Schedule: { $name }, version { $version } of { $issued }, { $by }
vaccine-schedule-built-in = built in
vaccine-age-assumed = {"    "}The birth date of { $name } is not known, so an adult's rules were taken.
vaccine-none = { $name }: { $why }
vaccine-remind = { $at }: { $name }, dose { $dose }: { $what }
vaccine-remind-ahead = due in a week
vaccine-remind-earliest = can be given from today
vaccine-remind-recommended = today is the recommended day
vaccine-remind-overdue = is late, and still given
vaccine-event = { $name }: vaccine dose { $dose }
vaccine-event-text = From { $earliest }, best on { $recommended }, late from { $overdue }. Rule { $rule }.
vaccine-calendar = Wrote { $count ->
        [one] { $count } day
       *[other] { $count } days
    } to { $file }. Names stand in it: a calendar may send them to other machines.
vaccine-exported = Wrote { $count ->
        [one] { $count } record
       *[other] { $count } records
    } to { $file }. The file is readable: whoever has it has the vaccine record.
vaccine-deleted = Deleted, and no longer to be opened by anyone with this profile: { $count }
kind-hand = Entered by hand
reset-done = Destroyed: keys first, then files.
demo-title = Techo: a bar, three residents, a health authority and a relay. All of it runs here, now.
demo-venue = { $venue } registers with the prefecture and prints its poster
demo-venue-poster = Poster drawn: a PNG of { $bytes ->
        [one] { $bytes } byte
       *[other] { $bytes } bytes
    }. Its code holds name, address and a signature in { $digits ->
        [one] { $digits } digit
       *[other] { $digits } digits
    }.
demo-relay-started = A relay listens at { $url }. It was told which authority may publish, and nothing else.
demo-scan = Three residents scan the picture of the poster
demo-scanned = { $name } checks in, { $from } to { $to }. The picture was read in { $ms } ms and the signature checked offline.
demo-scan-secret = Each phone keeps two day keys of the bar, sealed, and drops what opens its other days. Nobody was told of any visit.
demo-quiet = The authority publishes an empty list, and everybody fetches the same files
demo-notice = Somebody infected was there: the authority publishes a notice, { $from } to { $to }
demo-published = Sent to the relay: { $bytes ->
        [one] { $bytes } byte
       *[other] { $bytes } bytes
    }, signed. Dummies fill the list, so that it does not tell how many hours it names.
demo-relay-sees = What the relay and anybody see of an hour: tag { $tag } and nine masked bytes, new in every list.
demo-revise = The investigation finds that it ended at { $to }: the notice is revised
demo-withdraw = The test was wrong: the notice is withdrawn
demo-nothing = { $name }: nothing found.
demo-alert = { $name }: { $state }. { $venue }, { $from } to { $to }. { $there } { $text }
demo-alert-withdrawn = { $name }: { $state }. The alert for { $venue } was taken back.
demo-search = The relay's database and log, and the residents' files, are searched for the bar's name and address
demo-searched = Searched { $files ->
        [one] { $files } file
       *[other] { $files } files
    } and { $lines ->
        [one] { $lines } log line
       *[other] { $lines } log lines
    }, { $bytes ->
        [one] { $bytes } byte
       *[other] { $bytes } bytes
    }.
demo-found = FOUND in { $place }
demo-clean = Clean: the name is nowhere in them.
demo-sync-title = Techo: two devices of one household and a relay that lies. All of it runs here, now.
demo-sync-pair = A phone with a diary lets a tablet in
demo-sync-paired = Both saw the same four digits, { $digits }; only then did the keys go over, sealed.
demo-sync-both = Phone and tablet show: { $names }
demo-sync-merge = Both edit one visit, and each enters another, before they meet
demo-sync-note = Nobody's words are lost: { $note }
demo-sync-delete = The tablet deletes { $venue }
demo-sync-opens-before = Before: whoever has all that the relay ever saw, and these devices, opens { $venue }.
demo-sync-opens-nothing = After: of { $count ->
        [one] { $count } sealed piece
       *[other] { $count } sealed pieces
    }, { $bytes ->
        [one] { $bytes } byte
       *[other] { $bytes } bytes
    }, that the relay ever saw, no key that either device still has opens it.
demo-sync-wipe = The relay loses everything
demo-sync-refilled = The phone noticed and filled it again: { $count ->
        [one] { $count } piece
       *[other] { $count } pieces
    }.
demo-sync-set-back = The relay goes back to an older state, and says nothing of it
demo-sync-remove = The phone removes the tablet
demo-sync-removed = The tablet gets nothing new: the relay's newest bytes do not open with any key that it has. Its own diary stays.
demo-learned = What each could learn
demo-learned-relay = The relay: that an authority published four lists, and that files were fetched. Not who was where, not which bar, not who matched.
demo-learned-authority = The authority: the bar, which it registered, and the notice, which it decided. No visit and nobody's name.
demo-learned-venue = The bar: nothing.
demo-learned-others = Anybody else: nothing, unless they hold the bar's code; who photographed the poster can recognise its notices.
demo-learned-phone = Each phone: its own visits and its own alerts.
demo-vaccine-title = A town's vaccination, in July 2021. Everything is real: tickets are drawn and read, doses sealed and signed.
demo-vaccine-town = A town gives out { $count ->
        [one] { $count } ticket
       *[other] { $count } tickets
    }
demo-vaccine-sealed = It knows tickets and birth dates, and no names. Birth dates are sealed in its database.
demo-vaccine-licence = { $site } asks for a licence, and gets it. From here on it has no network.
demo-vaccine-record = { $site ->
        [one] { $site } record
       *[other] { $site } records
    } doses from pictures of tickets
demo-vaccine-recorded = ticket { $ticket }: read, checked, saved and signed in { $ms } ms; the slip has { $bytes ->
        [one] { $bytes } byte
       *[other] { $bytes } bytes
    }
demo-vaccine-refuse = What went wrong elsewhere is refused before it is saved
demo-vaccine-refused = { $ticket }: { $message }
demo-vaccine-stick = A stick goes to the town hall
demo-vaccine-taken = { $doses ->
        [one] { $doses } dose
       *[other] { $doses } doses
    } in { $bytes ->
        [one] { $bytes } sealed byte
       *[other] { $bytes } sealed bytes
    }. Taking the file in again changes nothing, and a torn copy is refused.
demo-vaccine-second = Three weeks later four come again, and two do not
demo-vaccine-public = For the public, { $count ->
        [one] { $count } cell of fewer than ten is
       *[other] { $count } cells of fewer than ten are
    } hidden.
demo-vaccine-late = On { $day } the second dose is late for { $tickets }: numbers for a letter.
demo-vaccine-pass = The town issues a status pass, and a bar checks it without a network
demo-vaccine-issued = { $name }’s phone asks with { $count ->
        [one] { $count } key
       *[other] { $count } keys
    }; the town binds a copy to each, one for a day, and does not keep the name.
demo-vaccine-quick = One scan: valid, { $shown }, and nothing else. The code has { $digits ->
        [one] { $digits } digit
       *[other] { $digits } digits
    }.
demo-vaccine-screenshot = A screenshot fails: { $message }
demo-vaccine-strict = Two scans: the phone signs what the bar’s code asks. Valid.
demo-vaccine-move = Somebody moves to another town
demo-vaccine-moved = The new town reads { $name }’s slips from the phone the same day: ticket { $ticket }, marked "from slip" until the old town confirms.
demo-vaccine-phones = The slips go to two phones
demo-vaccine-next = { $name }: dose { $dose } from { $earliest } on, best on { $recommended }. Worked out on the phone, from the slip and the dated rules.
demo-vaccine-recall = Lot { $lot } is recalled
demo-vaccine-warned = { $name } is warned: { $count ->
        [one] { $count } dose
       *[other] { $count } doses
    } of that lot.
demo-vaccine-not-warned = { $name } is not: another lot. Both phones fetched the same list.
demo-vaccine-asked = The relay’s { $lines ->
        [one] { $lines } log line names
       *[other] { $lines } log lines name
    } no lot and nobody: the phones compared.
demo-vaccine-search = What can be read on the disks of the site and the phones, and of birth dates at the towns
demo-vaccine-clean = { $files ->
        [one] { $files } file
       *[other] { $files } files
    } with { $bytes ->
        [one] { $bytes } byte
       *[other] { $bytes } bytes
    } at the site, and those of both phones: no ticket, no lot, no name. No birth date at either town.
authority-made = Made: { $name }. Fingerprint { $fingerprint }: publish it where people can compare it.
authority-root = The folder root holds the root key. Move it away from this machine; only changes of the trust list need it.
authority-clear-keys = The keys of this profile are in files that only this user can read, without a passphrase. For more, make a profile with TECHO_PASSPHRASE set.
authority-warning = Warning: { $message } { $hint }
authority-venue-added = Registered: { $name }, number { $number }.
authority-venue-edited = Changed: { $name }, number { $number }.
authority-venue-needs-reissue = The poster on the wall still says what it said. Print a new one: techo authority venue reissue { $number } --poster FILE
authority-venue-reissued = New code for { $name }, number { $number }. The old one stays for matching until it expires.
authority-venue-retired = Retired: { $name }, number { $number }. It gets no new codes.
authority-venue = { $number }  { $name }, { $address }
authority-code-rotated = Code for the tablet of { $name }, good from { $from } to { $to }.
authority-trust = { $name }, trust list { $number }, good until { $expires }. Fingerprint { $fingerprint }
authority-bundle = Bundle “{ $name }” signed: { $keys ->
        [one] { $keys } key
       *[other] { $keys } keys
    }, { $archived } of them from the archive, { $bytes ->
        [one] { $bytes } byte
       *[other] { $bytes } bytes
    }.
authority-bundle-skipped = { $file }: { $why }
authority-key = {"  "}{ $role } key { $key }
authority-key-revoked = {"  "}{ $role } key { $key }, REVOKED
authority-notice-added = Notice { $notice }: { $hours ->
        [one] { $hours } hour
       *[other] { $hours } hours
    } under { $codes ->
        [one] { $codes } code
       *[other] { $codes } codes
    }. It goes out with the next techo authority publish.
authority-notice-revised = Notice { $notice }, revision { $revision }: { $hours ->
        [one] { $hours } hour
       *[other] { $hours } hours
    } under { $codes ->
        [one] { $codes } code
       *[other] { $codes } codes
    }. It goes out with the next techo authority publish.
authority-notice-withdrawn = Notice { $notice } withdrawn: { $hours ->
        [one] { $hours } hour
       *[other] { $hours } hours
    } under { $codes ->
        [one] { $codes } code
       *[other] { $codes } codes
    }. It goes out with the next techo authority publish.
authority-notice-dry-run = Nothing was done. It would name { $hours ->
        [one] { $hours } hour
       *[other] { $hours } hours
    } under { $codes ->
        [one] { $codes } code
       *[other] { $codes } codes
    }, in a list of { $bytes ->
        [one] { $bytes } byte
       *[other] { $bytes } bytes
    }.
authority-notice = { $notice } revision { $revision }: { $severity }, { $name }, { $from } to { $to }
authority-notice-pending = { $notice } revision { $revision }: { $severity }, { $name }, { $from } to { $to }, NOT PUBLISHED YET
authority-notice-gone = { $notice } revision { $revision }: withdrawn, { $name }, { $from } to { $to }
authority-recall-added = Recall { $id }: { $product } lot { $lot }. It goes out with the next techo authority publish.
authority-recall-withdrawn = Recall { $id } withdrawn: { $product } lot { $lot }. It goes out with the next techo authority publish.
authority-recall = { $id }  { $product } lot { $lot }
authority-schedule = Schedule “{ $name }”, version { $version }, signed: { $bytes ->
        [one] { $bytes } byte
       *[other] { $bytes } bytes
    }.
authority-recall-gone = { $id }  { $product } lot { $lot }, withdrawn
authority-importing = Importing
authority-import-row = Row { $row }: { $message } ({ $code })
authority-import-dose = Row { $row }, dose { $dose }: { $message } ({ $code })
authority-imported = { $rows ->
        [one] { $rows } row
       *[other] { $rows } rows
    }: { $accepted } accepted, { $rejected } rejected. { $revised ->
        [one] { $revised } notice
       *[other] { $revised } notices
    } revised, { $withdrawn } withdrawn, { $venues ->
        [one] { $venues } venue
       *[other] { $venues } venues
    } registered.
authority-import-dry-run = Nothing was done. { $rows ->
        [one] { $rows } row
       *[other] { $rows } rows
    }: { $accepted } would be accepted, { $rejected } rejected; { $revised ->
        [one] { $revised } notice
       *[other] { $revised } notices
    } revised, { $withdrawn } withdrawn, { $venues ->
        [one] { $venues } venue
       *[other] { $venues } venues
    } registered.
authority-case-new = Case { $case }. Code for the resident, good until { $expires } and not shown again: { $code }
authority-case-fetched = { $envelopes ->
        [one] { $envelopes } envelope
       *[other] { $envelopes } envelopes
    }, empty ones included; { $diaries ->
        [one] { $diaries } diary
       *[other] { $diaries } diaries
    } for open cases.
authority-case = Case { $case }, opened { $made }, diary: { $received }
authority-case-late = Case { $case }, opened { $made }, diary: { $received }, after its code ended: it may have been sent too late
authority-claim = { $from } to { $to }  { $name } (no proof that a code was held)
authority-claim-held = { $from } to { $to }  { $name } (code of venue { $venue } held for { $held } of { $hours ->
        [one] { $hours } hour
       *[other] { $hours } hours
    })
authority-signed = Signed list { $number }: { $notices ->
        [one] { $notices } notice
       *[other] { $notices } notices
    } and { $recalls ->
        [one] { $recalls } recall is
       *[other] { $recalls } recalls are
    } new in it, { $bytes ->
        [one] { $bytes } byte
       *[other] { $bytes } bytes
    }.
authority-sent = Sent to { $relay }: { $bytes ->
        [one] { $bytes } byte
       *[other] { $bytes } bytes
    }.
authority-audit = The audit log is whole: { $rows ->
        [one] { $rows } row
       *[other] { $rows } rows
    }.
pairing-text = This gives the device that answers it your whole diary. Show it to your own device only, within two minutes: { $text }
pairing-type-code = { $name } has answered. Type the four digits that it shows:
pairing-done = { $name } is in. It gets the diary with its first sync.
pairing-confirm = Type these digits into the other device: { $code }
pairing-own-diary = This device has a diary of its own, with { $count ->
        [one] { $count } visit
       *[other] { $count } visits
    }. It becomes part of the household's, on all its devices. Go on? (yes or no)
pairing-joined = This device is in. Get the diary with: techo sync --relay URL
pairing-diary-later = The two devices are paired, but the diary did not come over: { $why } It comes with the next sync.
pairing-joined-directly = This device is in, and has the diary.
device-this = { $id }  { $name } (this device)
device-other = { $id }  { $name }, last heard from: { $heard }
device-by-words = { $name } came by the recovery words. If that was not you, remove it.
device-silent = { $name } was not heard from for a long time. After half a year it is removed.
device-renamed = Renamed: { $name }.
device-removed = Removed: { $name }. It gets nothing new from now on.
device-to-be-removed = { $name } will be removed with the next sync.
device-removed-words = If it knew the recovery words, make new ones: techo recovery show
device-next-sync = The relay does not answer now; this takes effect with the next sync.
account-deleted = Deleted at { $relay }: it serves nothing of this household any more, and erases it in seven days.
recovery-words = The recovery words: { $words }
recovery-keep = Write them on paper. They are kept nowhere, and whoever has them has the diary. Those of before are of no use any more.
recovery-type-words = Type the twelve recovery words:
recovery-restored = This device is in the household. The others will be told that it came by the words.
recovery-taken-over = Another device had shut the words out. This one has begun the household anew; what was at the relay cannot be read.
recovery-no-proof = From words alone nobody can tell whether the relay has shown the newest state. Another device of the household could.
backup-exported = Wrote { $count ->
        [one] { $count } visit
       *[other] { $count } visits
    }, sealed under your passphrase, to { $file }. What is in it stays in it until you delete the file.
backup-not-inside = Not in it: keys of this device and its household, lists of exposures, and visits that have expired.
backup-records-damaged = Left out, because they are damaged: whom you follow, or this device's own settings.
backup-restored = Brought back { $visits ->
        [one] { $visits } visit
       *[other] { $visits } visits
    }, { $others ->
        [one] { $others } person or record
       *[other] { $others } people and records
    }, { $authorities ->
        [one] { $authorities } authority
       *[other] { $authorities } authorities
    }. Here already: { $already }; deleted here before: { $deleted }; too old: { $expired }.
backup-old-left-out = Left out, because nobody can know whether they were deleted since: { $count }. Bring them back with --old keep.
backup-old-ask = Nobody can know whether { $count ->
        [one] { $count } old row was
       *[other] { $count } old rows were
    } deleted since. Bring { $count ->
        [one] it
       *[other] them
    } back? [y/N]
backup-pair-again = This device is one of its own: pair it again with your others, and fetch lists with: techo exposure fetch
backup-passphrase = Passphrase of the backup:
backup-passphrase-again = The same again:
yes = yes
sync-done = In sync: { $received ->
        [one] { $received } piece came
       *[other] { $received } pieces came
    }, { $sent } went.
sync-copied = Two devices say that they are the same one: a profile was copied. Pair the copy again.
sync-refilled = The relay had lost everything, and was filled again from here.
sync-rolled-back = The relay has shown an older state than this device has seen there. Nothing is lost here. Sync directly, or choose another relay.
sync-withholds = The relay hides something that another device has seen there. Nothing is lost here. Sync directly, or choose another relay.
sync-still-on = What was deleted last may still be on: { $names }
sync-received = { $received ->
        [one] { $received } piece came
       *[other] { $received } pieces came
    }.
sync-next-upload = Next upload: { $time }
sync-refused = Refused, because nobody of the household sent it whole: { $count }
lan-looking = Looking for this household's devices on this network, for { $seconds ->
        [one] { $seconds } second
       *[other] { $seconds } seconds
    } at most. Others here can see that somebody is looking, but not who.
lan-done = In sync with { $name }: { $received ->
        [one] { $received } piece came
       *[other] { $received } pieces came
    }, { $sent } went.
lan-failed = Not in sync with { $name }: { $message }
sync-status = { $devices ->
        [one] { $devices } device
       *[other] { $devices } devices
    }, last relay: { $relay }. Still to be sent: { $waiting }
relay-checked = Looked through { $accounts ->
        [one] { $accounts } account
       *[other] { $accounts } accounts
    } with { $chunks ->
        [one] { $chunks } piece
       *[other] { $chunks } pieces
    } and { $records ->
        [one] { $records } record
       *[other] { $records } records
    }, and { $segments ->
        [one] { $segments } list
       *[other] { $segments } lists
    }. Faults: { $faults }.
relay-fault = { $message } ({ $code })
relay-backed-up = Wrote { $file }, { $bytes ->
        [one] { $bytes } byte
       *[other] { $bytes } bytes
    }. What is deleted from now on stays in it: keep it for seven days at most.
relay-restored = The copy is back. Devices send again what it lacks.
relay-copying = Copying
relay-comparing = Comparing
relay-migrated = Copied { $rows ->
        [one] { $rows } row
       *[other] { $rows } rows
    }, and compared each. The SQLite store is as it was. Start the relay with --database now.
municipality-made = Made: { $name } ({ $code }). Fingerprint { $fingerprint }: publish it where people can compare it.
municipality-enrolled = { $rows ->
        [one] { $rows } row
       *[other] { $rows } rows
    }: { $new ->
        [one] { $new } ticket
       *[other] { $new } tickets
    } new, { $changed ->
        [one] { $changed } birth date corrected
       *[other] { $changed } birth dates corrected
    }, { $rejected ->
        [one] { $rejected } row
       *[other] { $rejected } rows
    } rejected. Birth dates are sealed.
municipality-enrol-dry-run = Nothing was done. { $rows ->
        [one] { $rows } row
       *[other] { $rows } rows
    }: { $new ->
        [one] { $new } ticket
       *[other] { $new } tickets
    } would be new, { $changed ->
        [one] { $changed } birth date corrected
       *[other] { $changed } birth dates corrected
    }, { $rejected ->
        [one] { $rejected } row
       *[other] { $rejected } rows
    } rejected.
municipality-trust = { $name } ({ $code }), trust list { $number }. Fingerprint { $fingerprint }
municipality-site-added = Licensed: site { $site }, { $place }, until { $until }.
municipality-site-revoked = Site { $site } is revoked: what it says was given from { $from } on does not count. Hand out the trust list anew.
municipality-site = { $site }  { $place }, { $bundles ->
        [one] { $bundles } bundle
       *[other] { $bundles } bundles
    }
municipality-site-missing = { $site }  { $place }, { $bundles ->
        [one] { $bundles } bundle
       *[other] { $bundles } bundles
    }, MISSING: { $missing }
municipality-site-ended = { $site }  { $place }, revoked, { $bundles ->
        [one] { $bundles } bundle
       *[other] { $bundles } bundles
    }
municipality-lots-imported = { $rows ->
        [one] { $rows } row
       *[other] { $rows } rows
    }: { $changed ->
        [one] { $changed } lot is
       *[other] { $changed } lots are
    } new or changed, { $rejected ->
        [one] { $rejected } row
       *[other] { $rejected } rows
    } rejected.
municipality-lots-dry-run = Nothing was done. { $rows ->
        [one] { $rows } row
       *[other] { $rows } rows
    }: { $changed ->
        [one] { $changed } lot
       *[other] { $changed } lots
    } would be new or changed, { $rejected ->
        [one] { $rejected } row
       *[other] { $rejected } rows
    } rejected.
municipality-update = Update { $number } for the sites: { $lots ->
        [one] { $lots } lot
       *[other] { $lots } lots
    }, { $recalled } recalled, { $revoked ->
        [one] { $revoked } licence
       *[other] { $revoked } licences
    } revoked.
municipality-imported = { $rows ->
        [one] { $rows } row
       *[other] { $rows } rows
    }: { $new ->
        [one] { $new } dose
       *[other] { $new } doses
    } new, { $revised } corrected, { $known } known, { $conflicts } in conflict, { $rejected ->
        [one] { $rejected } row
       *[other] { $rejected } rows
    } rejected{ $left ->
        [0] .
        [one] , { $left } dose left out.
       *[other] , { $left } doses left out.
    }
municipality-import-dry-run = Nothing was done. { $rows ->
        [one] { $rows } row
       *[other] { $rows } rows
    }: { $new ->
        [one] { $new } dose
       *[other] { $new } doses
    } would be new, { $revised } corrected, { $known } known, { $conflicts } in conflict, { $rejected ->
        [one] { $rejected } row
       *[other] { $rejected } rows
    } rejected{ $left ->
        [0] .
        [one] , { $left } dose left out.
       *[other] , { $left } doses left out.
    }
municipality-bundle = Bundle { $sequence } of site { $site }, { $place }:
municipality-bundle-again = Bundle { $sequence } of site { $site }, { $place }, was taken in before:
municipality-bundle-missing = MISSING from { $place }: bundle { $missing }. Ask the site to write it again.
municipality-conflict = CONFLICT: ticket { $ticket }, dose { $dose } is stated differently by { $sources }.
municipality-relay = { $pieces ->
        [one] { $pieces } piece came
       *[other] { $pieces } pieces came
    } from the relay, { $bundles ->
        [one] { $bundles } bundle is
       *[other] { $bundles } bundles are
    } whole and taken in.
municipality-slip = Ticket { $ticket }, dose { $dose }, from the slip: { $state }. It stays marked so until the old municipality confirms.
municipality-dose = { $ticket }  dose { $dose }  { $day }  { $product } { $lot }  { $place }
municipality-dose-conflict = { $ticket }  dose { $dose }  { $day }  { $product } { $lot }  { $place }  CONFLICT
municipality-dose-old = { $ticket }  dose { $dose }  { $day }  { $product } { $lot }  { $place }  (no longer holds)
municipality-dose-slip = { $ticket }  dose { $dose }  { $day }  { $product } { $lot }  { $place }  (from slip)
municipality-issued = Status pass for ticket { $ticket } written to { $file }: { $status }, { $copies ->
        [one] { $copies } copy
       *[other] { $copies } copies
    }, one a day.
municipality-bearer = It is bound to no phone: whoever has the file has the pass. Ask for a request made with `vaccine request`.
municipality-no-card = No SMART Health Card is in it: that needs the municipality’s address (--url) and the birth date of the ticket.
municipality-pass-revoked = { $count ->
        [one] { $count } copy of ticket { $ticket } is
       *[other] { $count } copies of ticket { $ticket } are
    } revoked, which counts where the list of revoked passes arrives: publish or export it.
municipality-revocations = List { $number } of revoked passes written to { $file }.
municipality-key-rotated = Status passes are signed with key { $id } from now on. Hand out the trust file again.
municipality-keys = { $count ->
        [one] { $count } key
       *[other] { $count } keys
    } written to { $file }. Serve it at /.well-known/jwks.json below the municipality’s address.
municipality-vrs = Written: { $persons ->
        [one] { $persons } person
       *[other] { $persons } persons
    }.
municipality-coverage-day = { $day }  { $product }  dose { $dose }  age { $age }: { $doses }
municipality-coverage-public-day = { $day }  { $product }  dose { $dose }: { $doses }
municipality-coverage-age = Dose { $dose }, age { $age }: { $people } of { $population } ({ $percent } %)
municipality-coverage = { $doses ->
        [one] { $doses } dose
       *[other] { $doses } doses
    }; { $population ->
        [one] { $population } resident has a ticket
       *[other] { $population } residents have tickets
    }.
municipality-overdue = { $ticket }  dose { $dose } was recommended on { $recommended }; { $product } on { $first }
municipality-overdue-count = Late: { $count }
municipality-stock = { $product } { $lot }: { $distributed } distributed, { $given } given, { $left } left
municipality-stock-recalled = { $product } { $lot }: RECALLED; { $distributed } distributed, { $given } given
municipality-stock-unknown = { $product } { $lot }: { $given } given, and the list of lots does not have it
clinic-made = Made: { $place }, a site of { $town }. Give the request to the municipality, and take its answer in with: techo clinic licence FILE
clinic-licensed = Licensed as site { $site }, { $place }, until { $until }.
clinic-trust = The municipality's trust list is taken in.
clinic-schedule = The schedule “{ $name }”, version { $version }, is taken in.
clinic-updated = Taken in: { $lots ->
        [one] { $lots } lot
       *[other] { $lots } lots
    }, { $recalled } recalled, { $revoked ->
        [one] { $revoked } licence
       *[other] { $revoked } licences
    } revoked.
clinic-updated-relay = Taken in from the relay: { $lots ->
        [one] { $lots } lot that was
       *[other] { $lots } lots that were
    } distributed, { $recalled ->
        [one] { $recalled } lot that is
       *[other] { $recalled } lots that are
    } recalled.
clinic-recorded = Recorded [{ $record }]: ticket { $ticket }, dose { $dose }, { $product } { $lot }, { $at }. Compare the number with the person's ticket.
clinic-corrected = Corrected [{ $record }]: ticket { $ticket }, dose { $dose }, { $product } { $lot }, { $at }.
clinic-undone = Taken back [{ $record }]: ticket { $ticket }, dose { $dose }.
clinic-slip = The slip of record { $record } is drawn.
clinic-record = [{ $record }]  { $ticket }  dose { $dose }  { $product } { $lot }  { $at }
clinic-record-undone = [{ $record }]  { $ticket }  dose { $dose }  { $product } { $lot }  { $at }  (taken back)
clinic-bundle = Bundle { $sequence } with { $doses ->
        [one] { $doses } statement
       *[other] { $doses } statements
    } is written. Only the municipality can open it.
clinic-sent = Bundle { $sequence } with { $doses ->
        [one] { $doses } statement
       *[other] { $doses } statements
    } is sent in { $pieces ->
        [one] { $pieces } sealed piece
       *[other] { $pieces } sealed pieces
    }.
clinic-status = { $place }, a site of { $town }. { $waiting ->
        [one] { $waiting } statement waits
       *[other] { $waiting } statements wait
    }; { $bundles ->
        [one] { $bundles } bundle
       *[other] { $bundles } bundles
    } so far.
clinic-status-unlicensed = { $place }, a site of { $town }, WITHOUT A LICENCE. { $waiting ->
        [one] { $waiting } statement waits
       *[other] { $waiting } statements wait
    }; { $bundles ->
        [one] { $bundles } bundle
       *[other] { $bundles } bundles
    } so far.
error-backup-foreign =
    .hint = Choose a file that `backup export` has written.
error-backup-no-passphrase =
    .hint = Give one in TECHO_BACKUP_PASSPHRASE, or run the command in a terminal, which asks for it.
error-backup-too-large =
    .hint = Keep visits for fewer days with `diary keep`, and try again.
error-checkin-not-a-venue-code =
    .hint = Scan the code on the venue's poster, or enter the visit with `diary add`.
error-checkin-poster-signature-invalid =
    .hint = Nothing was stored. Enter the visit by hand with `diary add`.
error-clinic-already-a-site =
    .hint = Name another folder with --data.
error-clinic-dose-assumed =
    .hint = Compare with the person's papers, or give --dose.
error-clinic-no-licence =
    .hint = Give the request to the municipality, and take its answer in with `clinic licence`.
error-clinic-not-a-site =
    .hint = Make one with `clinic init`.
error-clinic-not-a-town =
    .hint = Ask the municipality for the file that `municipality trust export` wrote.
error-clinic-nothing-new =
    .hint = Write an earlier one again with `clinic bundle --again N`.
error-clinic-ticket-used =
    .hint = Compare the ticket's number with the person's papers; a wrong record is corrected with `clinic correct`.
error-clinic-unknown-bundle =
    .hint = `clinic bundle` without --again writes the next one.
error-clinic-unknown-record =
    .hint = `clinic list` shows the records.
error-diary-import-foreign =
    .hint = Choose a file that `diary export` has written.
error-diary-no-such-visit =
    .hint = See `diary list` for the ids.
error-diary-several-receivers =
    .hint = Say which with --authority; `trust list` shows the ids.
error-diary-too-old =
    .message = This is longer ago than the { $days ->
            [one] { $days } day that visits are kept
           *[other] { $days } days that visits are kept
        }.
    .hint = Keep visits for longer with `diary keep`, or leave it out.
error-diary-upload-key-invalid =
    .hint = Update the trust list with `trust update`.
error-direct-stranger =
    .hint = See `device list` on both. A device that was removed must be paired again.
error-dose-bundle-licence-invalid =
    .hint = Do not use it. Look the site up with `municipality site list`.
error-dose-bundle-not-a-bundle =
    .hint = Choose a file that `clinic bundle` wrote.
error-dose-slip-unknown-town =
    .hint = Add the municipality's trust file with `trust add`.
error-exposure-no-relay =
    .hint = Follow an authority with `trust add`, or name a relay with --relay.
error-exposure-no-such-alert =
    .hint = `exposure list` shows the visits and notices.
error-household-copied =
    .hint = Pair it again with `device join`.
error-household-locked-out =
    .hint = Pair it again with `device join` to share its diary; or go on without sync.
error-household-no-relay =
    .hint = Name one with --relay.
error-household-no-such-device =
    .hint = See `device list` for the ids.
error-household-file-foreign =
    .hint = Choose a file that `sync --file` has written, or a name that is not taken.
error-key-not-under-passphrase =
    .hint = Leave TECHO_PASSPHRASE out, or export the diary and import it into a profile made with the passphrase.
error-key-passphrase-needed =
    .hint = Give it in TECHO_PASSPHRASE.
error-notice-not-an-id =
    .hint = A notice's number has six characters, 0 to 9 and a to f; `authority notice list` shows them.
error-pairing-not-a-pairing =
    .hint = Use the code that `device pair` shows on the device that has the diary.
error-schedule-unreadable =
    .hint = Correct it there; `protocol/schedules` has an example.
error-signature-unknown-key =
    .hint = Take a newer trust bundle with `trust update`, or give the issuer's key with --trust-key.
error-site-licence-not-a-licence =
    .hint = Ask the municipality for the file that `municipality site add` wrote.
error-site-licence-not-a-request =
    .hint = Ask the site for the file that `clinic init --request` wrote.
error-status-pass-not-a-pass =
    .hint = Ask the municipality for the file that `municipality issue` wrote.
error-status-pass-not-a-request =
    .hint = Make one on the phone with `vaccine request`.
error-town-update-not-an-update =
    .hint = Ask the municipality for the file that `municipality lots export` wrote.
error-trust-not-followed =
    .hint = `trust list` shows those that are.
error-trust-other-authority =
    .hint = Add it on its own with `trust add`.
error-input-own-file =
    .message = This is one of Techo's own files, which hold no code ({ $kind ->
        [trust_list] a trust file
        [issuer_bundle] a bundle of issuers' keys
        [revoked_passes] a list of revoked passes
        [schedule] a vaccination schedule
        [status_pass] a status pass
        [backup] a backup
        [household_file] what a household's devices carry to each other
        [diary] an exported diary
       *[other] { $kind }
    }).
    .hint = { $kind ->
        [trust_list] `trust add` takes it.
        [status_pass] `vaccine add` takes it.
        [backup] `backup restore` takes it.
        [diary] `diary import` takes it.
        [household_file] `sync --file` takes it.
       *[other] `trust update` takes it.
    }
error-vaccine-no-certificate =
    .hint = See `vaccine list` for the ids; a card comes with a status pass that was issued with a name.
error-vaccine-no-pass =
    .hint = Make a request with `vaccine request`, and add what the municipality issues for it with `vaccine add`.
error-vaccine-no-such-person =
    .hint = See `vaccine person list`, or add somebody with `vaccine person add`.
error-vaccine-no-such-record =
    .hint = See `vaccine list` for the ids.
error-vaccine-partly-dated =
    .hint = Enter the dose with `vaccine dose add`, if you know its day.
error-vaccine-several-people =
    .hint = Give the id of the one who is meant; `vaccine person list` shows the ids.
error-vault-missing =
    .hint = Put the file back from a copy together with the vault.db-wal beside it, or destroy the profile with `reset` and begin anew.
error-venue-code-unknown-authority =
    .hint = It can be kept as an entry without warnings. To be warned, add the authority with `trust add`.
error-lan-no-peers =
    .hint = Pair another device first: `device pair`.
error-lan-nobody =
    .hint = Run `sync --lan` on the other device within the same two minutes. Networks for guests often keep devices apart: use a relay or a file there.
error-vaccine-another-name =
    .hint = Check whose it is; `vaccine delete` takes it away again.
error-vaccine-in-another-record =
    .hint = Check whose it is; `vaccine delete` takes it away from the other.
error-vaccine-other-birth-date =
    .hint = Check whose it is; `vaccine delete` takes it away again.
error-vaccine-which-person =
    .hint = Say whose it is with --person; `vaccine person list` shows them.
error-spreadsheet-zeros-lost =
    .message = The ticket number has { $found ->
            [one] { $found } digit
           *[other] { $found } digits
        } of its 10: a spreadsheet takes away leading zeros.
    .hint = If that is all that happened, `--complete-zeros` completes them; if not, import the file as it was before the spreadsheet saved it.
error-recovery-wrong-count =
    .message = { $count ->
            [one] This is { $count } word
           *[other] These are { $count } words
        }; recovery words are 12.
error-table-columns =
    .message = This row has { $found ->
            [one] { $found } cell
           *[other] { $found } cells
        } where the header has { $expected }.
error-import-columns =
    .message = This row has { $found ->
            [one] { $found } cell
           *[other] { $found } cells
        } where the header has { $expected }.
error-import-cell-too-long =
    .message = The column { $column } holds more than { $most ->
            [one] { $most } character
           *[other] { $most } characters
        }.
error-publish-trust-list-expires-soon =
    .message = The trust list expires in { $days ->
            [one] { $days } day
           *[other] { $days } days
        }.
error-diary-text-too-long =
    .message = A text is longer than { $bytes ->
            [one] { $bytes } byte
           *[other] { $bytes } bytes
        }.
error-relay-fault-bytes =
    .message = Account { $account } counts { $counted ->
            [one] { $counted } byte
           *[other] { $counted } bytes
        } and has { $kept }.
