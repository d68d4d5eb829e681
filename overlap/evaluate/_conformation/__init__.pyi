from .classification import ramachandran as ramachandran
from .evaluate import conformation as conformation
from .report import ConformationReport as ConformationReport
from .residue_report import RamachandranReport as RamachandranReport

__all__ = ["ConformationReport", "RamachandranReport", "conformation", "ramachandran"]
