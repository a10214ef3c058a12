"""`python -m reward_score_training`, which `accelerate launch -m` and `torchrun -m` need."""

import sys

from .cli import main

sys.exit(main())
