using System.Text;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Machine;

/// <summary>uname(2).</summary>
public sealed record KernelName(string System, string Host, string Release, string Version, string Machine);

/// <summary>Memory in bytes, time since boot, load and processes.</summary>
public sealed record KernelLoad(
    TimeSpan Uptime, long TotalMemory, long FreeMemory, long TotalSwap, long FreeSwap, int Processes, double Load1, double Load5, double Load15);

/// <summary>What the kernel says of itself, and the host name.</summary>
public static unsafe class Kernel
{
    public static KernelName Name()
    {
        Libc.utsname u;
        _ = SystemCall.Checked(Libc.uname(&u), "uname");
        return new KernelName(Text(u.sysname), Text(u.nodename), Text(u.release), Text(u.version), Text(u.machine));
    }

    public static KernelLoad Load()
    {
        Libc.sysinfo s;
        _ = SystemCall.Checked(Libc.sysinfo_read(&s), "sysinfo");
        long unit = s.mem_unit;
        return new KernelLoad(
            Uptime(), (long)s.totalram * unit, (long)s.freeram * unit, (long)s.totalswap * unit, (long)s.freeswap * unit, s.procs,
            s.loads[0] / 65536.0, s.loads[1] / 65536.0, s.loads[2] / 65536.0);
    }

    /// <summary>Time since boot, sleep included.</summary>
    public static TimeSpan Uptime()
    {
        Libc.timespec now;
        _ = SystemCall.Checked(Libc.clock_gettime(Libc.CLOCK_BOOTTIME, &now), "clock_gettime");
        return new TimeSpan((now.tv_sec * TimeSpan.TicksPerSecond) + (now.tv_nsec / 100));
    }

    /// <summary>Sets the host name of our UTS namespace (64 bytes at most: EINVAL).</summary>
    public static void SetHostName(string name)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(name);
        fixed (byte* p = bytes)
        {
            _ = SystemCall.Checked(Libc.sethostname(p, (nuint)bytes.Length), $"set the host name to {name}");
        }
    }

    private static string Text(byte* text) => System.Runtime.InteropServices.Marshal.PtrToStringUTF8((nint)text) ?? "";
}
