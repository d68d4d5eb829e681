from .evaluate import conformation as conformation
from .evaluate import conformation_study as conformation_study
from .evaluate import ramachandran as ramachandran
from .evaluate import ramachandran_study as ramachandran_study
from .report import ConformationReport as ConformationReport
from .residue_report import RamachandranReport as RamachandranReport

__all__ = [
    "ConformationReport",
    "RamachandranReport",
    "conformation",
    "conformation_study",
    "ramachandran",
    "ramachandran_study",
]
