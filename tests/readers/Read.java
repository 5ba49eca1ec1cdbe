import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.SimpleDateFormat;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.temporal.Temporal;
import java.time.temporal.TemporalAmount;
import java.util.Date;

/** Prints day, end, alarm and title of a calendar file's only event, as one of two libraries sees them: Read.java LIBRARY FILE. */
public class Read {
    public static void main(String[] arguments) throws Exception {
        String text = Files.readString(Path.of(arguments[1]), StandardCharsets.UTF_8);
        // The title is Japanese, whatever this machine's terminal is set to.
        System.setOut(new java.io.PrintStream(System.out, true, StandardCharsets.UTF_8));
        if (arguments[0].equals("biweekly")) {
            biweekly(text);
        } else {
            ical4j(text);
        }
    }

    static void biweekly(String text) {
        var event = biweekly.Biweekly.parse(text).first().getEvents().get(0);
        var day = new SimpleDateFormat("yyyy-MM-dd");
        Date start = event.getDateStart().getValue();
        Date alarm = event.getAlarms().get(0).getTrigger().getDuration().add(start);
        System.out.println(day.format(start) + " " + day.format(event.getDateEnd().getValue()) + " "
            + new SimpleDateFormat("yyyy-MM-dd'T'HH:mm").format(alarm) + " " + event.getSummary().getValue());
    }

    static void ical4j(String text) throws Exception {
        var calendar = new net.fortuna.ical4j.data.CalendarBuilder().build(new StringReader(text));
        net.fortuna.ical4j.model.component.VEvent event =
            (net.fortuna.ical4j.model.component.VEvent) calendar.getComponent("VEVENT").get();
        LocalDate start = (LocalDate) event.getStartDate().get().getDate();
        Temporal end = event.getEndDate().get().getDate();
        TemporalAmount before = event.getAlarms().get(0).getTrigger().get().getDuration();
        LocalDateTime alarm = start.atStartOfDay().plus(before);
        System.out.println(start + " " + end + " " + alarm + " " + event.getSummary().getValue());
    }
}
