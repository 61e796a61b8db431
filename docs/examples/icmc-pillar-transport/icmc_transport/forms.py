"""What Transport asks a person."""

from typing import Literal

from engine.plugin import Count, Form, Instant, LongText, Text, field


class BookingForm(Form):
    """Book a journey: who drives, when, and whether the driver was looked at."""

    leaves_at: Instant = field(label="When does the journey begin?", now=True)
    arrives_at: Instant = field(label="When should it end?", now=True, must_be_known=True)
    seats: Count = field(label="How many people travel?", now=True)
    driver_vetted: bool = field(label="Was the driver looked at within the last year?", now=True)
    woman_escort: Literal["yes", "no", "not_needed"] = field(
        label="Does a woman travel with a girl or a woman?", choices={"not_needed": "Not needed"}, now=True
    )
    driver_name: Text = field(label="Who drives?", identifying=True)
    vehicle_number: Text = field(label="What is the number of the vehicle?", identifying=True)
    note: LongText | None = field(label="What must the driver know?", default=None, identifying=True)

    @Form.rule("The journey cannot end before it begins.")
    def _ends_after_it_begins(self) -> bool:
        return self.in_order(self.leaves_at, self.arrives_at)
