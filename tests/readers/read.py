"""Prints day, end, alarm and title of a calendar file's only event, as one of three libraries sees them: read.py LIBRARY FILE."""

import datetime
import sys

library, file = sys.argv[1:]
text = open(file, encoding="utf-8", newline="").read()


def said(start, end, trigger, title):
    midnight = datetime.datetime(start.year, start.month, start.day)
    print(start.isoformat(), end.isoformat(), (midnight + trigger).isoformat(timespec="minutes"), title)


if library == "icalendar":
    import icalendar

    (event,) = icalendar.Calendar.from_ical(text).walk("VEVENT")
    (alarm,) = event.walk("VALARM")
    said(event.decoded("dtstart"), event.decoded("dtend"), alarm.decoded("trigger"), str(event["summary"]))
elif library == "ics":
    import ics

    (event,) = ics.Calendar(text).events
    (alarm,) = event.alarms
    assert event.all_day
    # Of a whole day this library gives the end as a time in UTC: the day after.
    said(event.begin.date(), event.end.date(), alarm.trigger, event.name)
elif library == "vobject":
    import vobject

    event = vobject.readOne(text).vevent
    said(event.dtstart.value, event.dtend.value, event.valarm.trigger.value, event.summary.value)
