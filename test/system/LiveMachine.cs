using System.Text.Json.Nodes;
using Lumos.Machine;

namespace Lumos.SystemTests;

/// <summary>A machine under test: boots, reboots, loses its power; each boot's serial log is kept under its own number.</summary>
public sealed class LiveMachine : IDisposable
{
    private readonly Suite _suite;
    private readonly MachineSettings _settings;
    private QemuMachine? _machine;
    private int _boots;

    public LiveMachine(Suite suite, MachineFolder folder, MachineSettings settings)
    {
        _suite = suite;
        _settings = settings;
        Folder = folder;
        QemuMachine.FindRunning(folder)?.PowerCut(); // left by a run that was killed
        folder.Delete();
        QemuMachine.Prepare(folder, settings);
    }

    public MachineFolder Folder { get; }

    public QemuMachine Qemu => _machine ?? throw new InvalidOperationException("the machine was not booted");

    public GlobalZone Zone => new(Qemu);

    public MachineSettings Settings => _settings;

    /// <summary>Right answers for this machine.</summary>
    public JsonObject Answers => JsonNode.Parse(new Answers
    {
        RootPassword = "lumos-live-test",
        AuthorizedKeys = File.ReadAllText(Folder.PublicKey),
    }.ToJson(_settings))!.AsObject();

    /// <summary>Kernel and boot archive handed over by QEMU, answers (if any) in the boot archive.</summary>
    public void BootDirectly(JsonObject? answers, string moreWords = "")
    {
        string archive = _suite.Platform.BootArchive;
        if (answers is not null)
        {
            BootMedium.WriteBootArchive(archive, Folder.BootArchive, new Dictionary<string, string> { ["answers.json"] = answers.ToJsonString() });
            archive = Folder.BootArchive;
        }
        StartKernel(new BootSource.Direct(_suite.Platform.Kernel, archive, $"{BootSource.DirectCommandLine} {moreWords}".Trim()));
    }

    /// <summary>The ISO in a drive, the answers (if any) on a medium in a second one.</summary>
    public void BootIso(Firmware firmware, JsonObject? answers)
    {
        if (answers is not null)
        {
            BootMedium.WriteConfigIso(Folder.ConfigIso, answers.ToJsonString());
        }
        StartKernel(new BootSource.Medium(_suite.Platform.Iso, answers is null ? null : Folder.ConfigIso, firmware));
    }

    /// <summary>Whatever it boots from.</summary>
    public void Boot(BootSource boot) => Start(boot);

    /// <summary>Waits for ssh, pool and services.</summary>
    public void WaitUntilSetUp()
    {
        Zone.WaitForSsh(_suite.Patient(120));
        Zone.WaitForPool(_suite.Patient(60));
        Zone.WaitForServices(_suite.Patient(60));
    }

    /// <summary>Cuts the power, keeps the log, boots again as the first time.</summary>
    public void CutPowerAndBoot()
    {
        CutPower();
        BootDirectly(Answers);
        WaitUntilSetUp();
    }

    public void CutPower() => Qemu.PowerCut();

    /// <summary>Reboots from inside and waits until all is up again.</summary>
    public void Reboot()
    {
        string before = BootId();
        Zone.Run("reboot");
        Qemu.Ssh.Forget();
        Zone.WaitFor("another boot", _suite.Patient(150), () => BootId() is { Length: > 0 } now && now != before);
        WaitUntilSetUp();
    }

    public void Dispose()
    {
        if (_machine is { IsRunning: true })
        {
            _machine.PowerCut();
        }
        for (int i = 0; i < _settings.Disks; i++)
        {
            File.Delete(Folder.Disk(i));
        }
        File.Delete(Folder.BootArchive);
    }

    private string BootId() => Qemu.Ssh.Run(["cat", "/proc/sys/kernel/random/boot_id"], TimeSpan.FromSeconds(20)) is { Status: 0 } answer
        ? answer.Output.Trim()
        : "";

    /// <summary>
    /// Emulated CPUs now and then run into a breakpoint that the kernel had for a moment where it changes its own code: the emulator's
    /// fault, and seen in the first seconds. Such a machine is started again.
    /// </summary>
    private void StartKernel(BootSource boot)
    {
        for (int attempt = 1; ; attempt++)
        {
            Start(boot);
            if (_suite.Accelerator.IsKvm || attempt == 3 || !FallsOverItsOwnBreakpoint())
            {
                return;
            }
            CutPower();
        }
    }

    private bool FallsOverItsOwnBreakpoint()
    {
        bool falls = false;
        Deadline.Poll(_suite.Patient(60), TimeSpan.FromMilliseconds(250), () =>
        {
            string log = SerialConsole.ReadLog(Folder);
            falls = log.Contains("Oops: int3", StringComparison.Ordinal) && Qemu.HasPanicked;
            return falls || log.Contains("as init process", StringComparison.Ordinal) || !Qemu.IsRunning;
        });
        return falls;
    }

    private void Start(BootSource boot)
    {
        if (File.Exists(Folder.SerialLog))
        {
            File.Move(Folder.SerialLog, Path.Combine(Folder.Root, $"serial.{_boots}.log"), overwrite: true);
        }
        _boots++;
        _machine = QemuMachine.Start(Folder, _settings, boot, _suite.Accelerator);
    }
}
