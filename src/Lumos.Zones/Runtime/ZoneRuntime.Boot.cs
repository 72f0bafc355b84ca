using System.Globalization;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Files;
using Lumos.Drivers.Oci;
using Lumos.Linux;
using Lumos.Linux.Machine;
using Lumos.Linux.Mounts;
using Lumos.Linux.Namespaces;
using Lumos.Zones.Bundle;
using Lumos.Zones.Checkpoints;
using Lumos.Zones.Docker;
using Lumos.Zones.Machines;

namespace Lumos.Zones.Runtime;

// How a zone is brought up; ZoneRuntime.cs has the whole picture.
public sealed partial class ZoneRuntime
{
    /// <summary>Everything but init, whose process waits for the word. Returns the record as it stands.</summary>
    private ZoneRecord MakeReady(ZoneSpec spec, ZoneLinkPlan plan)
    {
        string run = _layout.RunFolder(spec.Name);
        Directory.CreateDirectory(_layout.States);
        Directory.CreateDirectory(_layout.Exits);
        // The zone's root, a nobody out here, has to pass through these to reach its own files; it can list none of them.
        CreateFolder(_layout.Run, 0b001_001_001 | 0b110_000_000);
        CreateFolder(run, 0b001_001_001 | 0b110_000_000);
        ZoneControl.MakeFolder(_layout.ControlFolder(spec.Name));
        var record = new ZoneRecord
        {
            State = ZoneState.Ready.Word,
            ZoneId = NextZoneId(),
            Owner = ProcessMark.Own,
            InitRestarts = spec.Restarts.Total,
            InitRestartsInRow = spec.Restarts.InRow,
            Argv = Argv(spec),
            Capabilities = spec.Capabilities,
            Datasets = [.. spec.Datasets.Select(d => d.Value)],
            StopSignal = spec.Docker?.StopSignal,
            Accelerator = spec.Machine is { } emulated ? AcceleratorChoice.Word(emulated.Accelerator) : null,
        };
        if (spec.Machine is { } born)
        {
            Directory.CreateDirectory(_layout.Machines);
            new MachineLife { Boot = record.ZoneId, Configuration = MachineLife.DigestOf(born.Configured ?? born) }.Write(_layout.LifeFile(spec.Name));
        }
        Record(spec.Name, record);

        spec = DockerVolumes.Prepare(spec);
        if (spec.Machine is null)
        {
            ZoneFiles.Prepare(spec, _warn);
        }
        if (spec.Docker is { } docker)
        {
            spec = spec with { Docker = DockerProcess.Prepare(spec, docker) };
        }
        var places = MakeViews(spec, run, out var shown);
        GiveDatasets(spec, places.UserNamespace);
        File.WriteAllText(Path.Combine(run, "config.json"), OciBundle.ConfigJson(shown, places));
        Directory.CreateDirectory(spec.LogPath);
        ZoneCgroup.Ensure(_layout.CgroupParent);
        using var files = spec.Machine is { } machine
            ? MachineFiles.Open(spec, _layout, QemuCommand.Of(machine).Files, _links)
            : null;
        int pid = Conmon.Create(new ConmonRequest
        {
            Container = spec.Name.Text,
            Bundle = run,
            Runtime = _oci,
            ExitFolder = _layout.Exits,
            LogFile = spec.Docker?.LogDriver == DockerLogDriver.None ? null : Path.Combine(spec.LogPath, spec.Docker is null ? "console.log" : "stdio.log"),
            Terminal = spec.Docker?.Tty ?? true,
            Input = spec.Docker switch
            {
                { OpenStdin: false } => ConmonInput.None,
                { InputIsTheFirstOnes: true, Tty: false } => ConmonInput.First,
                _ => ConmonInput.Kept,
            },
            LogBytes = spec.ConsoleLogBytes,
            CgroupProcs = ZoneCgroup.Ensure(_layout.MonitorCgroup),
            Descriptors = files?.Descriptors ?? [],
        });
        record = record with { Init = ProcessMark.Of(pid) };
        Record(spec.Name, record);
        if (places.KernelFiles.Count > 0)
        {
            ZoneKernelName.Set(ZoneCgroup.Folder($"{_layout.CgroupParent}/{spec.Name}"), spec.KernelVersion!);
        }
        ZoneCgroup.WriteOptional($"{_layout.CgroupParent}/{spec.Name}", ZoneLimits.OptionalFiles(spec));
        ZoneIpcLimits.Apply(spec, pid);
        _ = ProcessLimits.TrySetLockedMemory(pid, (ulong)OciBundle.LockedBytes(spec));
        OldZoneCgroup.Enter($"{_layout.CgroupParent}/{spec.Name}", pid, ZoneLimits.CgroupFiles(spec));
        if (spec.Machine is null)
        {
            ShowCheckpoints(spec, pid);
            _links.Attach(plan.Pairs, plan.Routes, pid);
        }
        if (!plan.Pairs.IsEmpty)
        {
            // Only now: a link of that name that was there before is somebody else's, and no clearing may take it away.
            record = record with { Links = [.. plan.Pairs.Select(p => p.HostName)] };
            Record(spec.Name, record);
        }
        return record;
    }

    private void ShowCheckpoints(ZoneSpec spec, int init)
    {
        try
        {
            ZoneCheckpoints.PutIn(_layout.CheckpointsFolder(spec.Name), init);
        }
        catch (ErrnoException e)
        {
            _warn($"zone '{spec.Name}' will not see its snapshots: {ZoneCheckpoints.InZone} in it is no directory: {e.Message}");
        }
    }

    // One that its own root has destroyed keeps no zone from booting: whoever is to mend it has to get in.
    private void GiveDatasets(ZoneSpec spec, string userNamespace)
    {
        foreach (var dataset in spec.Datasets)
        {
            try
            {
                _delegation.Give(dataset, userNamespace, spec.FirstId, ZoneSpec.IdCount);
            }
            catch (DatasetException e) when (e.Code == DatasetException.NotFoundCode)
            {
                _warn($"zone '{spec.Name}' boots without {dataset}, which it is to have and which does not exist");
            }
        }
    }

    private void StartInit(ZoneSpec spec, ZoneRecord record)
    {
        _oci.Start(spec.Name.Text);
        if (spec.Machine is not null)
        {
            MachineMonitor.AwaitRun(spec, _layout, record.Init!.Pid);
        }
        Record(spec.Name, record with { State = ZoneState.Running.Word, Owner = null, BootTime = DateTimeOffset.UtcNow });
        if (spec.Machine is null)
        {
            StartDhcp(spec);
        }
    }

    // What init is told: a zone that was made ready is not booted into something else.
    private static string Argv(ZoneSpec spec) =>
        string.Join('\0', OciBundle.InitArgv(spec).Concat(spec.Environment.Select(e => $"{e.Key}={e.Value}")));

    private BundlePlaces MakeViews(ZoneSpec spec, string run, out ZoneSpec shown)
    {
        using var ids = UserNamespace.Create(spec.FirstId, ZoneSpec.IdCount, owner: spec.FirstId);
        string userNamespace = _layout.UserNamespaceFile(spec.Name);
        File.WriteAllText(userNamespace, "");
        Mount.Bind($"/proc/self/fd/{ids.Number}", userNamespace);
        string root = Path.Combine(run, "root");
        using (var opened = ZoneFolder.OpenRoot(spec.ZonePath))
        {
            IdMappedViews.Show(opened, spec.RootPath, root, ids, MountAttributes.NoDev, root + ".layers");
        }
        string usr = Path.Combine(run, "usr");
        IdMappedViews.Show(_layout.PlatformUsr, usr, ids, MountAttributes.ReadOnly | MountAttributes.NoDev, usr + ".layers");
        shown = spec with { Mounts = ZoneFileSystems.Show(spec, run, ids) };
        string name = Path.Combine(run, "zonename");
        File.WriteAllText(name, spec.Name + "\n");
        string control = ZoneControl.Show(_layout.ControlFolder(spec.Name), Path.Combine(run, "control.view"));
        ZoneCheckpoints.MakeFolder(_layout.CheckpointsFolder(spec.Name));
        string native = Path.Combine(run, "native");
        if (spec.Brand.IsLx)
        {
            ZoneControl.MakeNative(native);
        }
        return new BundlePlaces(root, usr, name, control, native, userNamespace, _layout.CgroupParent, _oci, ZoneCgroup.Controllers)
        {
            // Some runtimes set a zone's limits from inside its user namespace, where they can only be lowered: what the
            // monitor inherits has to be enough.
            KernelFiles = spec.KernelVersion is { } release && _oci.UnifiedCgroups && new ZoneKernelName(_layout, _warn).Prepare()
                ? ZoneKernelName.WriteFiles(run, release)
                : [],
            MostOpenFiles = SelfProcess.RaiseHardLimit("nofile", SecurityProfile.OpenFiles),
            MostLocked = SelfProcess.RaiseHardLimit("memlock", ulong.MaxValue),
        };
    }

    private void StartDhcp(ZoneSpec spec)
    {
        foreach (var nic in spec.Nics.Where(n => n.UsesDhcp))
        {
            try
            {
                Exec(spec.Name, ZoneDhcp.Client(spec, nic));
            }
            catch (Exception e) when (e is LumosException or IOException)
            {
                _warn($"zone '{spec.Name}': no DHCP client for {nic.Interface}: {LumosException.Describe(e)}");
            }
        }
    }

    private int NextZoneId()
    {
        using var held = FileLock.Acquire(_layout.IndexLock);
        string file = Path.Combine(_layout.Run, "next-id");
        int id = File.Exists(file) && int.TryParse(File.ReadAllText(file), NumberStyles.None, CultureInfo.InvariantCulture, out int next)
            ? next
            : 1;
        File.WriteAllText(file, (id + 1).ToString(CultureInfo.InvariantCulture));
        return id;
    }

    private static void CreateFolder(string path, int mode)
    {
        Directory.CreateDirectory(path);
        File.SetUnixFileMode(path, (UnixFileMode)mode);
    }
}
