"""Hours, periods and production days as Spark columns. Inside Gold all times are microseconds since 1970 (bigint)."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

__all__ = ["HOUR_US", "date_key", "day_seconds", "hour_of", "period_end", "period_of", "production_date", "timestamp"]

HOUR_US = 3_600_000_000


def timestamp(micros: Column) -> Column:
    return F.timestamp_micros(micros)


def hour_of(micros: Column) -> Column:
    """Start of the UTC hour; plain arithmetic, several times faster than date_trunc."""
    return micros - F.pmod(micros, F.lit(HOUR_US))


def production_date(micros: Column, zone: Column, start_s: Column) -> Column:
    """The date on whose wall clock, in `zone`, the production day of the instant began."""
    wall = F.from_utc_timestamp(timestamp(micros), zone)
    return F.timestamp_add("SECOND", -start_s, wall).cast("date")


def day_start(date: Column, zone: Column, start_s: Column) -> Column:
    """The instant at which a production day begins, in microseconds."""
    wall = F.timestamp_add("SECOND", start_s, date.cast("timestamp"))
    return F.unix_micros(F.to_utc_timestamp(wall, zone))


def day_seconds(date: Column, zone: Column, start_s: Column) -> Column:
    """Length of a production day: 82,800 and 90,000 s where the clocks change."""
    span = day_start(F.date_add(date, 1), zone, start_s) - day_start(date, zone, start_s)
    return (span / 1_000_000).cast("int")


def period_of(micros: Column, cut: Column | None, zone: Column, start_s: Column) -> Column:
    """Start of the period: the hour, or the production day's start where it lies inside that hour.

    `cut` is true for sites whose days may start off the full UTC hour, None where no site's does.
    """
    hour = hour_of(micros)
    if cut is None:
        return hour
    begun = day_start(production_date(micros, zone, start_s), zone, start_s)
    return F.when(cut, F.greatest(hour, begun)).otherwise(hour)


def period_end(period: Column, cut: Column | None, zone: Column, start_s: Column) -> Column:
    """First instant after the period."""
    end = hour_of(period) + HOUR_US
    if cut is None:
        return end
    next_day = F.date_add(production_date(period, zone, start_s), 1)
    return F.when(cut, F.least(end, day_start(next_day, zone, start_s))).otherwise(end)


def date_key(date: Column) -> Column:
    return (F.year(date) * 10000 + F.month(date) * 100 + F.dayofmonth(date)).cast("int")
