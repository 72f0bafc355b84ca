using System.Diagnostics;
using System.Globalization;
using System.Text;
using Lumos.Linux.Handles;
using Lumos.Linux.Polling;

namespace Lumos.Linux.Cgroups;

/// <summary>
/// A control group (version 2): a directory under /sys/fs/cgroup that holds processes, from which they cannot run away.
/// </summary>
/// <remarks>
/// A group that has children and hands out controllers holds no processes itself (the kernel's rule); the empty directory
/// must go before its parent's. Removing kills first: cgroup.kill ends all at once, children's too, without a race
/// against forks. All calls name the file in their error; a group that is gone gives ENOENT.
/// </remarks>
public sealed class Cgroup(string path)
{
    public const string Root = "/sys/fs/cgroup";

    /// <summary>The absolute directory.</summary>
    public string Path { get; } = System.IO.Path.GetFullPath(path);

    public string Name => System.IO.Path.GetFileName(Path);

    public bool Exists => Directory.Exists(Path);

    /// <summary>The group of that name below.</summary>
    public Cgroup Child(string name) => new(System.IO.Path.Combine(Path, name));

    public IEnumerable<Cgroup> Children() => Directory.GetDirectories(Path).Select(d => new Cgroup(d));

    /// <summary>Makes it and what is missing above; returns itself.</summary>
    public Cgroup Create()
    {
        Directory.CreateDirectory(Path);
        return this;
    }

    /// <summary>The controllers that may be used in here.</summary>
    public IReadOnlyList<string> Controllers() => Read("cgroup.controllers").Split(' ', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Hands all (or the named) controllers that are here to the children.</summary>
    public void Delegate(params IReadOnlyList<string> controllers)
    {
        var wanted = controllers.Count == 0 ? Controllers() : controllers;
        if (wanted.Count > 0)
        {
            Write("cgroup.subtree_control", string.Join(' ', wanted.Select(c => "+" + c)));
        }
    }

    /// <summary>Moves a process in; 0 is the caller.</summary>
    public void Add(int pid) => Write("cgroup.procs", pid.ToString(CultureInfo.InvariantCulture));

    /// <summary>The processes in this very group (not its children).</summary>
    public IReadOnlyList<int> Processes() =>
        [.. Read("cgroup.procs").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(p => int.Parse(p, CultureInfo.InvariantCulture))];

    /// <summary>All processes here and below.</summary>
    public IReadOnlyList<int> AllProcesses() => [.. Processes(), .. Children().SelectMany(c => c.AllProcesses())];

    /// <summary>Whether a process lives here or below.</summary>
    public bool IsPopulated() => Read("cgroup.events").Contains("populated 1", StringComparison.Ordinal);

    /// <summary>Sends KILL to everything here and below, forks included.</summary>
    public void Kill() => Write("cgroup.kill", "1");

    /// <summary>Stops or lets run everything here and below.</summary>
    public void Freeze(bool frozen) => Write("cgroup.freeze", frozen ? "1" : "0");

    /// <summary>Waits until nothing lives here. False: the time is up.</summary>
    public bool WaitUntilEmpty(TimeSpan timeout)
    {
        using var inotify = Inotify.Create();
        using var loop = new EventLoop();
        inotify.Watch(System.IO.Path.Combine(Path, "cgroup.events"), FileEvents.Modified);
        loop.Add(inotify.Descriptor, PollEvents.Readable, _ => inotify.Read());
        var clock = Stopwatch.StartNew();
        while (IsPopulated())
        {
            var left = timeout - clock.Elapsed;
            if (left <= TimeSpan.Zero)
            {
                return false;
            }
            loop.RunOnce(left);
        }
        return true;
    }

    /// <summary>Removes it and all below; nothing may live there (EBUSY). What is gone already is no error.</summary>
    public void Remove()
    {
        if (!Exists)
        {
            return;
        }
        foreach (var child in Children())
        {
            child.Remove();
        }
        try
        {
            Directory.Delete(Path);
        }
        catch (DirectoryNotFoundException)
        {
            // Another removed it at the same time.
        }
    }

    /// <summary>Kills everything in it, waits for the ends, and removes it.</summary>
    /// <exception cref="ErrnoException">EBUSY: something did not end in time (blocked in the kernel).</exception>
    public void Destroy(TimeSpan timeout)
    {
        if (!Exists)
        {
            return;
        }
        Kill();
        if (!WaitUntilEmpty(timeout))
        {
            throw new ErrnoException($"processes in {Path} do not end", Errno.EBUSY);
        }
        Remove();
    }

    /// <summary>Reads a control file, without the newline at its end.</summary>
    public string Read(string file)
    {
        using var fd = FileDescriptorIo.Open(System.IO.Path.Combine(Path, file), OpenFlags.ReadOnly);
        return Encoding.UTF8.GetString(fd.ReadToEnd()).TrimEnd('\n');
    }

    /// <summary>Writes a control file in one write, as the kernel wants it.</summary>
    public void Write(string file, string value)
    {
        string path = System.IO.Path.Combine(Path, file);
        using var fd = FileDescriptorIo.Open(path, OpenFlags.WriteOnly);
        try
        {
            fd.WriteAll(Encoding.UTF8.GetBytes(value));
        }
        catch (ErrnoException e)
        {
            throw new ErrnoException($"write \"{value}\" to {path}", e.Errno);
        }
    }

    /// <summary>The group a process is in, as a path below <see cref="Root"/> ("/svc/ssh"); null: no such process or no cgroup2.</summary>
    public static string? Of(int pid)
    {
        try
        {
            return File.ReadLines($"/proc/{pid}/cgroup").FirstOrDefault(l => l.StartsWith("0::", StringComparison.Ordinal))?[3..];
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    public override string ToString() => Path;
}
