from .conformation_task import conformation as conformation
from .conformation_task import conformation_study as conformation_study
from .ramachandran_task import ramachandran as ramachandran
from .ramachandran_task import ramachandran_study as ramachandran_study
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
