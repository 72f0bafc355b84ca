using System.Globalization;
using System.Text;
using Lumos.Core;
using Lumos.Linux;
using Lumos.Linux.Handles;
using Lumos.Services.Model;
using Lumos.Services.Restarter;

namespace Lumos.Services.Daemon;

/// <summary>
/// One log per instance, LOGDIR/network-ssh:default.log, and one of svc.startd's own. Each line opens the file by its path anew, so
/// that a log follows /var when the pool's is mounted over the RAM disk's, and log rotation needs no signal.
/// </summary>
public sealed class ServiceLogFiles(string directory, string console, IClock clock) : IServiceLog
{
    private const int Mode = 0x1a4; // 0644

    public string PathOf(Fmri fmri) => $"{directory}/{fmri.Slug()}.log";

    public void Append(Fmri fmri, string line) => Write(PathOf(fmri), $"[ {Stamp(clock.Now)} {line} ]\n", create: true);

    /// <summary>What an administrator has to see: console and svc.startd's log.</summary>
    public void Alert(string line)
    {
        Note(line);
        Write(console, $"svc.startd: {line}\n", create: false);
    }

    /// <summary>svc.startd's own log.</summary>
    public void Note(string line) => Write($"{directory}/svc.startd.log", $"[ {Stamp(clock.Now)} {line} ]\n", create: true);

    /// <summary>The instance's log for a method's output; null when it cannot be opened: then the output goes nowhere.</summary>
    public FileDescriptor? Open(Fmri fmri)
    {
        try
        {
            return OpenAppending(PathOf(fmri), create: true);
        }
        catch (Exception e) when (e is ErrnoException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private void Write(string path, string text, bool create)
    {
        try
        {
            using var fd = OpenAppending(path, create);
            fd.WriteAll(Encoding.UTF8.GetBytes(text));
        }
        catch (Exception e) when (e is ErrnoException or IOException or UnauthorizedAccessException)
        {
            // A full or missing disk must not take the services down with it; there is nowhere left to say so.
        }
    }

    private FileDescriptor OpenAppending(string path, bool create)
    {
        const OpenFlags flags = OpenFlags.WriteOnly | OpenFlags.Append | OpenFlags.NoControllingTerminal;
        if (!create)
        {
            return FileDescriptorIo.Open(path, flags);
        }
        Directory.CreateDirectory(directory);
        return FileDescriptorIo.Open(path, flags | OpenFlags.Create, Mode);
    }

    private static string Stamp(DateTimeOffset time)
    {
        var local = time.ToLocalTime();
        return string.Create(CultureInfo.InvariantCulture, $"{local:MMM} {local.Day,2} {local:HH:mm:ss}");
    }
}

public sealed class SystemClock : IClock
{
    public DateTimeOffset Now => DateTimeOffset.UtcNow;

    public TimeSpan Monotonic => Lumos.Linux.Machine.Kernel.Uptime();
}
