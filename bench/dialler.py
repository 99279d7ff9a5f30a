"""A day of a predictive dialler, 25 agents at up to 5 lines: how long a decision takes, and a replay."""

import asyncio
import random
import time

from services.campaigns.calllists.pacing import Seen, Settings, to_dial
from services.campaigns.calllists.replaying import Person, Shift, outcome_of, people_of, replayed, shifts_of

NAME = "dialler"
GOAL = "decisions within 50 ms (p99), 25 agents at 5 lines"

AGENTS, LINES, HOURS = 25, 5.0, 8


async def run() -> dict[str, float | str]:
    chance = random.Random(17)
    people = [
        Person(rings=chance.uniform(4, 26), answers=chance.random() < 0.35, busy=chance.expovariate(1 / 90) + 20)
        for _ in range(AGENTS * HOURS * 120)
    ]
    shifts = [Shift(agent=f"a{n:02}", since=0.0, until=HOURS * 3600.0) for n in range(AGENTS)]
    settings = Settings(lines=LINES)
    events = replayed(people, shifts, settings)
    took, seen = [], Seen()
    for event in events:
        seen.see(event)
        started = time.perf_counter()
        to_dial(seen, settings)
        took.append(time.perf_counter() - started)
    started = time.perf_counter()
    again = outcome_of(replayed(people_of(events), shifts_of(events), settings))
    replay = time.perf_counter() - started
    return {
        "decision p99 ms": round(sorted(took)[int(len(took) * 0.99)] * 1000, 3),
        "replay of a day s": round(replay, 2),
        "calls": again.dialled,
        "dropped %": again.drop_percent,
        "off the day, points": round(abs(again.drop_percent - outcome_of(events).drop_percent), 2),
    }


if __name__ == "__main__":
    print(asyncio.run(run()))
