// Prints day, end, alarm and title of a calendar file's only event, as ical.js sees them: read.mjs FILE.
import { readFileSync } from "node:fs";
import ICAL from "ical.js";

const calendar = new ICAL.Component(ICAL.parse(readFileSync(process.argv[2], "utf8")));
const components = calendar.getAllSubcomponents("vevent");
if (components.length !== 1) throw new Error(`${components.length} events`);
const event = new ICAL.Event(components[0]);
const [alarm] = components[0].getAllSubcomponents("valarm");
const rings = event.startDate.clone();
// The alarm has a time of day, the day has none.
rings.isDate = false;
rings.addDuration(alarm.getFirstPropertyValue("trigger"));
console.log(event.startDate.toString(), event.endDate.toString(), rings.toString().slice(0, 16), event.summary);
