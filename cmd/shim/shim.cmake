# The shim: one static executable, by musl where musl-gcc is installed (a resident shim then costs
# some 20 KiB), else by glibc. It is never built with the sanitizers.
find_program(MUSL_GCC musl-gcc)
set(SHIM_FLAGS -std=c11 -Os -g ${STACK_WARNINGS} ${STACK_DEFINES} -I${CMAKE_SOURCE_DIR}
	-fstack-protector-strong -ffunction-sections -fdata-sections)
if(MUSL_GCC)
	set(SHIM_CC ${MUSL_GCC})
	# musl has no kernel headers of its own; the distribution's come after all of musl's.
	list(APPEND SHIM_FLAGS -idirafter /usr/include
		-idirafter /usr/include/${CMAKE_C_LIBRARY_ARCHITECTURE})
else()
	set(SHIM_CC ${CMAKE_C_COMPILER})
endif()
file(GLOB SHIM_HEADERS CONFIGURE_DEPENDS core/base/*.h core/container/*.h cmd/shim/*.h)
set(SHIM_OBJECTS)
foreach(source ${SHIM_SOURCES})
	file(RELATIVE_PATH name ${CMAKE_SOURCE_DIR} ${source})
	string(REPLACE "/" "_" object shim/${name}.o)
	set(object ${CMAKE_BINARY_DIR}/shim-objects/${object})
	add_custom_command(OUTPUT ${object}
		COMMAND ${SHIM_CC} ${SHIM_FLAGS} -c ${source} -o ${object}
		DEPENDS ${source} ${SHIM_HEADERS}
		COMMENT "Building shim object ${name}" VERBATIM)
	list(APPEND SHIM_OBJECTS ${object})
endforeach()
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/shim-objects)
add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/stack-shim
	COMMAND ${SHIM_CC} -static -Wl,--gc-sections,-z,relro,-z,now,-z,noexecstack
		-o ${CMAKE_BINARY_DIR}/stack-shim ${SHIM_OBJECTS}
	DEPENDS ${SHIM_OBJECTS} COMMENT "Linking stack-shim" VERBATIM)
add_custom_target(stack-shim ALL DEPENDS ${CMAKE_BINARY_DIR}/stack-shim)
