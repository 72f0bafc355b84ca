using System.Runtime.InteropServices;
using Lumos.Linux.Files;
using Lumos.Linux.Handles;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Machine;

/// <summary>
/// Whether the kernel's KVM runs a guest. That /dev/kvm opens and makes virtual machines says nothing: under some hypervisors it does, and no guest ever gets on. So the
/// processor has to say that it can (VT-x or AMD-V), and a guest of a few instructions has to have run.
/// </summary>
public static unsafe class KvmProbe
{
    public const string Device = "/dev/kvm";

    /// <summary>Where the guest writes its answer, and what: in al, which we set, plus bl.</summary>
    private const byte Port = 0x42, First = 2, Second = 3;

    private const int Page = 4096;

    /// <summary>Of 16 bits: add al, bl; out 0x42, al; hlt.</summary>
    private static ReadOnlySpan<byte> Guest => [0x00, 0xd8, 0xe6, Port, 0xf4];

    /// <summary>Null: it runs guests; otherwise why not, as the end of a sentence.</summary>
    public static string? Fault()
    {
        if (!File.ReadLines("/proc/cpuinfo").Any(line => line.StartsWith("flags", StringComparison.Ordinal) && line.Split(' ').Any(flag => flag is "vmx" or "svm")))
        {
            return "the processor has neither VT-x (vmx) nor AMD-V (svm), or they are switched off in its firmware";
        }
        if (!File.Exists(Device))
        {
            return $"there is no {Device}: the modules kvm_intel and kvm_amd are not loaded";
        }
        try
        {
            return Run() ? null : $"{Device} is there, but a guest does not run on it";
        }
        catch (ErrnoException e)
        {
            return $"{Device} is there, but a guest does not run on it: {e.Message}";
        }
    }

    private static bool Run()
    {
        using var kvm = FileDescriptorIo.Open(Device, OpenFlags.ReadWrite);
        if (Ask(kvm, Libc.KVM_GET_API_VERSION, null) != Libc.KVM_API_VERSION)
        {
            return false;
        }
        using var machine = new FileDescriptor(Ask(kvm, Libc.KVM_CREATE_VM, null));
        void* memory = NativeMemory.AlignedAlloc(Page, Page);
        try
        {
            Guest.CopyTo(new Span<byte>(memory, Page));
            var region = new Libc.kvm_userspace_memory_region { guest_phys_addr = 0, memory_size = Page, userspace_addr = (ulong)memory };
            _ = Ask(machine, Libc.KVM_SET_USER_MEMORY_REGION, &region);
            using var processor = new FileDescriptor(Ask(machine, Libc.KVM_CREATE_VCPU, null));
            return Run(processor, (nuint)Ask(kvm, Libc.KVM_GET_VCPU_MMAP_SIZE, null));
        }
        finally
        {
            NativeMemory.AlignedFree(memory);
        }
    }

    private static bool Run(FileDescriptor processor, nuint size)
    {
        void* shared = Libc.mmap(null, size, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, processor.Number, 0);
        if (shared == (void*)-1)
        {
            throw new ErrnoException("mmap of a processor", SystemCall.LastErrno);
        }
        try
        {
            Libc.kvm_sregs segments;
            _ = Ask(processor, Libc.KVM_GET_SREGS, &segments);
            (segments.cs_base, segments.cs_selector) = (0, 0);
            _ = Ask(processor, Libc.KVM_SET_SREGS, &segments);
            var registers = new Libc.kvm_regs { rax = First, rbx = Second, rflags = 2 };
            _ = Ask(processor, Libc.KVM_SET_REGS, &registers);
            _ = Ask(processor, Libc.KVM_RUN, null);
            var run = (Libc.kvm_run*)shared;
            return run->exit_reason == Libc.KVM_EXIT_IO && run->io_port == Port && ((byte*)shared)[run->io_data_offset] == First + Second;
        }
        finally
        {
            _ = Libc.munmap(shared, size);
        }
    }

    private static int Ask(FileDescriptor fd, ulong request, void* argument) => SystemCall.Checked(Libc.ioctl(fd.Number, request, argument), "ask KVM");
}
