"""The numbers of the locks that processes take in PostgreSQL beside those of rows: two purposes never share one."""

from typing import Final

SET_UP_ROLES: Final = 4_711_120_001
FIRE_DEADLINES: Final = 4_711_120_002
MIGRATE: Final = 4_711_120_003
CHANGE_ROLES_OF_PEOPLE: Final = 4_711_120_004
SIGN_CHECKPOINT: Final = 4_711_120_007
NUMBER_COPY: Final = 4_711_120_008
BACK_UP: Final = 4_711_120_009
TURN_PERIOD: Final = 4_711_120_010
