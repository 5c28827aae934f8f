"""Give every account a tier so that the value covered is largest: the opt-in of a policy (S57).

A tier covers a part of the predicted value of its accounts (``optimise.coverage``, the company's own
figures). What is covered in total is made as large as it can be while every limit holds: hours of the
year, the people of a tier, the ladder's shares of accounts, quotas of segments, accounts that people
put somewhere or protect, and the number of accounts that may change tier at one review. A share of
value is no limit here: value is what is sought.

Why this way: every limit counts accounts and asks only for their segment, their earlier tier and their
floor. Accounts that agree in these form a group, and inside a group the more valuable account never
stands below the other. So only how many of a group stand in each tier has to be whole; who they are
follows, and the problem that HiGHS solves stays small. A book of up to ``optimise.exact_up_to``
accounts is solved to within ``optimise.gap`` of the best there is; of a larger one the relaxation says
how much could be covered at most, whole numbers are taken near it, and the gap that is left is told.
No search is limited by time, so that the same book always gets the same answer.
"""

from valuemodel.tiers.optimisation.optimum import optimise
from valuemodel.tiers.optimisation.problem import Problem, Solution

__all__ = ["Problem", "Solution", "optimise"]
