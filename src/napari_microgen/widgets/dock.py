"""What every dock shares: pages that scroll, a button that is always in sight, one job, errors shown."""

import logging
import re
import weakref
from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QCoreApplication, QEvent, QObject, QSize, Qt, Signal
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QTabWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ..progress import Progress, Steps
from .fields import readable
from .jobs import Job, first_line, report_of
from .settings import apply


class Page(QWidget):
    """One task of a dock: its inputs, and what the button below does with them."""

    changed = Signal()
    title = ""
    run_label = "Run"

    def __init__(self, dock: "Dock") -> None:
        super().__init__()
        self.dock = dock
        self.viewer = dock.viewer
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(6, 6, 6, 6)
        self.column.setSpacing(6)

    def problem(self) -> str | None:
        """Return why the button cannot be pressed now, or None."""
        return None

    def start(self) -> None:
        """Do what the button says."""
        raise NotImplementedError

    def tick(self, tick: Progress) -> None:
        """Take note of progress of this page's job."""

    def cancelled(self) -> str:
        """Return what to say after Cancel."""
        return "Cancelled; nothing was changed."

    def opened(self) -> None:
        """Take note that the page has come to the front."""

    def closing(self) -> None:
        """Save what would be lost; the window is closing."""

    def left(self) -> None:
        """Take note that another page has come to the front."""


def in_window_words(text: str) -> str:
    """Return a message with options of the command line called as the forms call them.

    Examples
    --------
    >>> in_window_words("Give --max-shift 3.")
    'Give “Max shift” 3.'
    """
    return re.sub(r"--(?!help\b)([a-z][a-z-]*[a-z])", lambda found: f"“{readable(found.group(1))}”", text)


class Notice(QFrame):
    """A message: grey for a remark, with a report to copy for an error."""

    def __init__(self) -> None:
        super().__init__()
        self.report = ""
        self.is_error = False
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.MinimumExpanding)
        self.copy = QPushButton("Copy report")
        self.copy.setToolTip("Copy the message, the versions and the place in the program to the clipboard")
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.report))
        self.close_button = QToolButton()
        self.close_button.setText("✕")
        self.close_button.setToolTip("Dismiss")
        self.close_button.clicked.connect(self.hide)
        row = QHBoxLayout()
        row.addWidget(self.text, 1)
        row.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 6, 6, 4)
        column.addLayout(row)
        column.addWidget(self.copy, 0, Qt.AlignmentFlag.AlignLeft)
        self.hide()

    def show_error(self, line: str, report: str) -> None:
        """Show an error and keep its report."""
        self._show(line, report, "#d55e00")

    def show_note(self, text: str) -> None:
        """Show a remark."""
        self._show(text, "", "#0072b2")

    def add_note(self, text: str) -> None:
        """Show a remark below what is shown already."""
        if self.isHidden():
            self.show_note(text)
        elif in_window_words(text) not in self.text.text():
            self.text.setText(f"{self.text.text()}\n{in_window_words(text)}")

    def _show(self, text: str, report: str, colour: str) -> None:
        self.is_error = bool(report)
        self.report = report
        self.text.setText(in_window_words(text))
        self.copy.setVisible(self.is_error)
        self.setStyleSheet(f"Notice {{ border: 0; border-left: 4px solid {colour}; }}")
        self.show()


class _Closing(QObject):
    """Tells a dock when the window it sits in is really going."""

    def __init__(self, dock: "Dock", window: QWidget) -> None:
        super().__init__(window)
        self._dock = weakref.ref(dock)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        """End the job once the window is deleted (a close can still be refused)."""
        dock = self._dock()
        if dock is not None and event is not None and event.type() == QEvent.Type.DeferredDelete:
            dock.close_down()
        return False


class Dock(QWidget):
    """A dock of pages with one running job at most.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer it works on; napari fills it in.
    """

    help_text = ""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self.viewer = napari_viewer
        self.pages: list[Page] = []
        self.job: Job | None = None
        self._job_page: Page | None = None
        self.tabs = QTabWidget()
        self.tabs.setUsesScrollButtons(True)
        self.notice = Notice()
        self.progress = QProgressBar()
        self.progress.setTextVisible(True)
        self.progress.hide()
        self.run_button = QPushButton("Run")
        self.run_button.setObjectName("run")
        self.cancel_button = QPushButton("Cancel")
        self.cancel_button.setObjectName("cancel")
        self.help_button = QToolButton()
        self.help_button.setText("?")
        self.help_button.setToolTip("What this dock does")
        self.tabs.setCornerWidget(self.help_button)
        self._compose()
        self.run_button.clicked.connect(self._run)
        self.cancel_button.clicked.connect(self._cancel)
        self.help_button.clicked.connect(self._help)
        self.tabs.currentChanged.connect(self._turn)
        self._front: Page | None = None
        self._watch: _Closing | None = None
        QCoreApplication.instance().aboutToQuit.connect(self.close_down)
        self.setMinimumWidth(330)

    def _compose(self) -> None:
        buttons = QHBoxLayout()
        buttons.addWidget(self.run_button, 1)
        buttons.addWidget(self.cancel_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 6)
        column.addWidget(self.tabs, 1)
        column.addWidget(self.notice)
        column.addWidget(self.progress)
        column.addLayout(buttons)

    def add_page(self, page: Page) -> None:
        """Add a page in a scroll area, so that the dock fits a small screen."""
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        page.column.addStretch(1)
        area.setWidget(page)
        page.changed.connect(self.refresh)
        self.pages.append(page)
        self.tabs.addTab(area, page.title)
        self._turn()

    @property
    def page(self) -> Page:
        """The page in front."""
        return self.tabs.currentWidget().widget()

    def turn_to(self, title: str) -> Page:
        """Bring the page with this title to the front and return it."""
        for index in range(self.tabs.count()):
            if self.tabs.tabText(index) == title:
                self.tabs.setCurrentIndex(index)
        return self.page

    def _turn(self, _index: int = 0) -> None:
        if self._front is not None and self._front is not self.page:
            self._front.left()
        self._front = self.page
        self.page.opened()
        self.refresh()

    def refresh(self) -> None:
        """Bring the buttons in line with the page in front and the job."""
        if self._front is None:
            return
        page = self.page
        job = self.job
        why = page.problem() if job is None else f"{job.title} is running; wait, or cancel it."
        self.run_button.setText(page.run_label)
        self.run_button.setEnabled(why is None)
        self.run_button.setToolTip(why or page.run_label)
        self.cancel_button.setEnabled(job is not None and not job.cancelling)
        self.cancel_button.setToolTip("Nothing is running" if job is None else "Stop within a second")

    def launch(self, title: str, steps: Steps[Any], done: Callable[[Any], None]) -> None:
        """Start the dock's one job; ``done`` gets the result in the window's thread."""
        if self.job is not None:
            steps.close()
            return
        self.notice.hide()
        apply()
        self.job, self._job_page = Job(steps, title, self), self.page
        self._done = done
        self.job.ticked.connect(self._tick)
        self.job.noted.connect(self.notice.add_note)
        self.job.done.connect(self._take)
        self.job.failed.connect(self.notice.show_error)
        self.job.cancelled.connect(self._cancelled)
        self.job.ended.connect(self._ended)
        self.progress.setRange(0, 0)
        self.progress.setFormat(title)
        self.progress.show()
        self.refresh()
        self.job.start()

    def _run(self) -> None:
        if self.job is not None or not self.run_button.isEnabled():
            return
        self.attempt(self.page.start)

    def attempt(self, action: Callable[[], Any]) -> Any:
        """Do something in the window's thread; show an error instead of raising it."""
        try:
            return action()
        except Exception as error:  # whatever it is, the user must see it
            self.notice.show_error(first_line(error), report_of(error, self.page.title))
            return None

    def _cancel(self) -> None:
        if self.job is not None:
            self.job.cancel()
            self.progress.setFormat("stopping")
            self.refresh()

    def _tick(self, tick: Progress) -> None:
        if tick.total:
            self.progress.setRange(0, int(tick.total))
            self.progress.setValue(min(int(tick.step), int(tick.total)))
        if tick.message:
            self.progress.setFormat(f"{tick.message}  %p%" if tick.total else tick.message)
        if self._job_page is not None:
            self._job_page.tick(tick)

    def _take(self, result: Any) -> None:
        self.attempt(lambda: self._done(result))

    def _cancelled(self) -> None:
        page = self._job_page
        self.notice.show_note(page.cancelled() if page else "Cancelled; nothing was changed.")

    def _ended(self) -> None:
        job, self.job = self.job, None
        self.progress.hide()
        if job is not None:
            job.deleteLater()
        self.refresh()

    def _help(self) -> None:
        box = QMessageBox(self)
        box.setWindowTitle(self.windowTitle() or "Help")
        box.setTextFormat(Qt.TextFormat.MarkdownText)
        box.setText(self.help_text)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return a width that leaves room for the picture on a small screen."""
        return QSize(370, 600)

    def showEvent(self, event: Any) -> None:  # noqa: N802
        """Watch the window the dock sits in, to end the job when it closes."""
        super().showEvent(event)
        window = self.window()
        if window is not self and self._watch is None:
            self._watch = _Closing(self, window)

    def close_down(self) -> None:
        """Stop the job and wait for it a moment; nobody is called any more."""
        pages, self.pages = self.pages, []
        for page in pages:
            try:
                page.closing()
            except Exception:  # the window is going: there is nobody left to tell
                logging.getLogger(__name__).exception("could not save on closing")
        if self.job is not None:
            self.job.abandon()
            self.job = None
