using System.Runtime.InteropServices;

namespace Lumos.Linux.Interop;

internal static unsafe partial class Libc
{
    internal const ulong KVM_GET_API_VERSION = 0xae00, KVM_CREATE_VM = 0xae01, KVM_GET_VCPU_MMAP_SIZE = 0xae04, KVM_CREATE_VCPU = 0xae41,
        KVM_SET_USER_MEMORY_REGION = 0x4020ae46, KVM_RUN = 0xae80, KVM_SET_REGS = 0x4090ae82, KVM_GET_SREGS = 0x8138ae83, KVM_SET_SREGS = 0x4138ae84;

    internal const int KVM_API_VERSION = 12;

    internal const uint KVM_EXIT_IO = 2;

    [StructLayout(LayoutKind.Sequential)]
    internal struct kvm_userspace_memory_region
    {
        internal uint slot, flags;
        internal ulong guest_phys_addr, memory_size, userspace_addr;
    }

    /// <summary>Sixteen registers, rip and rflags.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct kvm_regs
    {
        internal ulong rax, rbx, rcx, rdx, rsi, rdi, rsp, rbp, r8, r9, r10, r11, r12, r13, r14, r15, rip, rflags;
    }

    /// <summary>Of which only the code segment, the first, is of use here.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 312)]
    internal struct kvm_sregs
    {
        internal ulong cs_base;
        internal uint cs_limit;
        internal ushort cs_selector;
    }

    /// <summary>The beginning of what the kernel tells of a run.</summary>
    [StructLayout(LayoutKind.Explicit)]
    internal struct kvm_run
    {
        [FieldOffset(8)]
        internal uint exit_reason;

        /// <summary>For KVM_EXIT_IO: of the byte that was written.</summary>
        [FieldOffset(34)]
        internal ushort io_port;

        [FieldOffset(40)]
        internal ulong io_data_offset;
    }
}
