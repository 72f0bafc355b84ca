using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using Lumos.Drivers.Tools;
using Lumos.Linux;
using Xunit;

namespace Lumos.Abi.Tests;

/// <summary>
/// Has the C compiler compare what Lumos.Linux.Interop believes with the headers: each structure's size, the offset and
/// size of each field, each constant. The names are C's own, so a new declaration is checked without being listed here.
/// </summary>
public class AbiTests
{
    private const BindingFlags All = BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    private static readonly Type Libc = typeof(ErrnoException).Assembly.GetType("Lumos.Linux.Interop.Libc", throwOnError: true)!;

    /// <summary>C types that are typedefs, not structures.</summary>
    private static readonly HashSet<string> Typedefs = ["siginfo_t"];

    /// <summary>Unions; ours may be shorter than C's, which grow.</summary>
    private static readonly HashSet<string> Unions = ["bpf_attr"];

    /// <summary>Structures of which ours is the beginning.</summary>
    private static readonly HashSet<string> Beginnings = ["kvm_run"];

    /// <summary>Structures whose names C# cannot give them.</summary>
    private static readonly Dictionary<string, string> StructureNames = new() { ["range_lock"] = "flock" };

    /// <summary>Fields that C has in a structure of their own.</summary>
    private static readonly Dictionary<string, string> InnerFields = new()
    {
        ["link_create_prog_fd"] = "link_create.prog_fd",
        ["link_create_attach_type"] = "link_create.attach_type",
        ["cs_base"] = "cs.base",
        ["cs_limit"] = "cs.limit",
        ["cs_selector"] = "cs.selector",
        ["io_port"] = "io.port",
        ["io_data_offset"] = "io.data_offset",
    };

    /// <summary>Ours, with what they stand for in C.</summary>
    private static readonly Dictionary<string, string> OwnNames = new()
    {
        ["SizeOfSpawnFileActions"] = "sizeof(posix_spawn_file_actions_t)",
        ["SizeOfSpawnAttributes"] = "sizeof(posix_spawnattr_t)",
    };

    private const string Headers = """
        #define _GNU_SOURCE
        #include <stddef.h>
        #include <dirent.h>
        #include <errno.h>
        #include <fcntl.h>
        #include <poll.h>
        #include <sched.h>
        #include <signal.h>
        #include <spawn.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <termios.h>
        #include <time.h>
        #include <unistd.h>
        #include <net/if.h>
        #include <netinet/in.h>
        #include <sys/epoll.h>
        #include <sys/eventfd.h>
        #include <sys/file.h>
        #include <sys/inotify.h>
        #include <sys/ioctl.h>
        #include <sys/mman.h>
        #include <sys/mount.h>
        #include <sys/prctl.h>
        #include <sys/reboot.h>
        #include <sys/resource.h>
        #include <sys/signalfd.h>
        #include <sys/socket.h>
        #include <sys/stat.h>
        #include <sys/statfs.h>
        #include <sys/swap.h>
        #include <sys/syscall.h>
        #include <sys/sysinfo.h>
        #include <sys/timerfd.h>
        #include <sys/un.h>
        #include <sys/utsname.h>
        #include <sys/wait.h>
        #include <linux/bpf.h>
        #include <linux/btrfs.h>
        #include <linux/btrfs_tree.h>
        #include <linux/if.h>
        #include <linux/if_addr.h>
        #include <linux/if_bridge.h>
        #include <linux/if_link.h>
        #include <linux/if_tun.h>
        #include <linux/kvm.h>
        #include <linux/nsfs.h>
        #include <linux/securebits.h>
        #include <linux/loop.h>
        #include <linux/netlink.h>
        #include <linux/openat2.h>
        #include <linux/rtnetlink.h>
        #include <linux/sched.h>
        #include <linux/veth.h>
        #ifndef BTRFS_QUOTA_CTL_ENABLE_SIMPLE_QUOTA /* headers before Linux 6.7 */
        #define BTRFS_QUOTA_CTL_ENABLE_SIMPLE_QUOTA 4
        #endif

        """;

    [Fact]
    public void Structures_and_constants_are_those_of_the_headers()
    {
        var program = new StringBuilder(Headers);
        foreach (var type in Libc.GetNestedTypes(All).Where(t => t.IsValueType && !t.IsEnum))
        {
            DescribeStructure(program, type);
        }
        foreach (var constant in Libc.GetFields(All).Concat(typeof(Errno).GetFields()).Where(f => f.IsLiteral && f.FieldType != typeof(string)))
        {
            string name = OwnNames.GetValueOrDefault(constant.Name, constant.Name);
            ulong bits = Bits(constant.GetRawConstantValue()!, out int width);
            // Compared as unsigned of our width: C's are int, unsigned or long as their header likes.
            string mask = width == 8 ? "~0ull" : $"0x{(1ul << (width * 8)) - 1:x}ull";
            Assert(program, $"((unsigned long long)({name}) & {mask}) == 0x{bits:x}ull", name);
        }
        Compile(program.ToString());
    }

    [Fact]
    public void A_wrong_belief_is_found()
    {
        var program = new StringBuilder(Headers);
        Assert(program, "sizeof(struct statx) == 255", "statx");
        var error = Xunit.Assert.ThrowsAny<Exception>(() => Compile(program.ToString()));
        Xunit.Assert.Contains("statx", error.Message);
    }

    private static void DescribeStructure(StringBuilder program, Type type)
    {
        bool union = Unions.Contains(type.Name);
        string name = Typedefs.Contains(type.Name) ? type.Name : (union ? "union " : "struct ") + StructureNames.GetValueOrDefault(type.Name, type.Name);
        Assert(program, $"sizeof({name}) {(union || Beginnings.Contains(type.Name) ? ">=" : "==")} {Marshal.SizeOf(type)}", $"size of {name}");
        foreach (var field in type.GetFields(All).Where(f => !f.IsStatic && !f.Name.StartsWith("pad", StringComparison.Ordinal)))
        {
            string member = InnerFields.GetValueOrDefault(field.Name, field.Name);
            Assert(program, $"offsetof({name}, {member}) == {Marshal.OffsetOf(type, field.Name)}", $"offset of {name}.{member}");
            int size = field.FieldType.IsPointer ? nint.Size : SizeOf(field);
            Assert(program, $"sizeof((({name} *)0)->{member}) == {size}", $"size of {name}.{member}");
        }
    }

    private static int SizeOf(FieldInfo field) =>
        field.GetCustomAttribute<System.Runtime.CompilerServices.FixedBufferAttribute>() is { } buffer
            ? Marshal.SizeOf(buffer.ElementType) * buffer.Length
            : Marshal.SizeOf(field.FieldType);

    private static ulong Bits(object value, out int width)
    {
        width = Marshal.SizeOf(value.GetType());
        ulong mask = width == 8 ? ulong.MaxValue : (1ul << (width * 8)) - 1;
        return value is ulong big ? big : (ulong)Convert.ToInt64(value, CultureInfo.InvariantCulture) & mask;
    }

    private static void Assert(StringBuilder program, string condition, string what) =>
        program.Append(CultureInfo.InvariantCulture, $"_Static_assert({condition}, \"{what}\");\n");

    private static void Compile(string program)
    {
        string compiler = new[] { "gcc", "clang", "cc" }.First(c => Tool.Run("sh", "-c", $"command -v {c}").Succeeded);
        Tool.Run([compiler, "-std=gnu11", "-fsyntax-only", "-x", "c", "-"], program).OrThrow();
    }
}
